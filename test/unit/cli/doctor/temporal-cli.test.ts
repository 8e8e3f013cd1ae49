import { describe, expect, it } from 'vitest';
import { checkTemporalCli } from '../../../../src/cli/doctor/temporal-cli.ts';

describe('checkTemporalCli', () => {
  const found = { path: '/usr/bin/temporal', origin: 'PATH', version: 'temporal version 1.5.1' } as const;

  it('one on PATH → ok, with its path and version', async () => {
    expect(await checkTemporalCli(false, async () => found)).toMatchObject({
      status: 'ok',
      message: '/usr/bin/temporal (PATH; temporal version 1.5.1)',
    });
  });

  it('none, and no server of the user → a warning that one has to be made', async () => {
    expect((await checkTemporalCli(false, async () => undefined)).status).toBe('warning');
  });

  it('none, with a server of the user → none is needed', async () => {
    expect((await checkTemporalCli(true, async () => undefined)).status).toBe('info');
  });

  it('VIRNUCPRO_TEMPORAL_CLI names something else → a problem', async () => {
    const look = () => Promise.reject(new Error('x is not the Temporal CLI'));
    expect(await checkTemporalCli(false, look)).toMatchObject({
      status: 'problem',
      message: 'x is not the Temporal CLI',
    });
  });
});
