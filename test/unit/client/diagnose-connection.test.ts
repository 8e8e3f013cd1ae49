import { Connection } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectionSettings } from '../../../src/client/connection-settings.ts';
import { diagnoseConnection } from '../../../src/client/diagnose-connection.ts';

const before = { ...process.env };

function setTemporal(variables: Record<string, string>): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('TEMPORAL_')) delete process.env[name];
  Object.assign(process.env, variables);
}

/** What a client is told that cannot connect there. */
async function diagnosisOf(explicit: { address?: string }): Promise<{ problem: string; todo: string }> {
  const settings = connectionSettings(explicit);
  const error: unknown = await Connection.connect({ ...settings.connectionOptions, connectTimeout: 1 }).catch(
    (reason: unknown) => reason,
  );
  return diagnoseConnection(settings, error);
}

describe('diagnoseConnection', () => {
  beforeEach(() => setTemporal({ HOME: '/nonexistent', XDG_CONFIG_HOME: '/nonexistent' }));
  afterEach(() => {
    setTemporal({});
    Object.assign(process.env, before);
  });

  it.each(['localhost:bar', 'localhost:70000', 'localhost:', ':7233', '::1:7233', 'a b:7233', 'http://localhost:7233'])(
    'TEMPORAL_ADDRESS=%s → the value, what is expected, and the variable',
    async (address) => {
      setTemporal({ TEMPORAL_ADDRESS: address });
      expect(await diagnosisOf({})).toEqual({
        problem: `"${address}" is no address of a Temporal server: expected host:port, e.g. localhost:7233`,
        todo: 'correct it in TEMPORAL_ADDRESS',
      });
    },
  );

  it('an address of the caller’s → no variable is blamed', async () => {
    setTemporal({ TEMPORAL_ADDRESS: 'temporal.example:7233' });
    expect(await diagnosisOf({ address: 'foo:bar' })).toMatchObject({ todo: 'correct it' });
  });

  it.each(['127.0.0.1:1', '[::1]:1', 'localhost:1'])(
    '%s, where nobody listens → who does not answer',
    async (address) => {
      const { problem } = await diagnosisOf({ address });
      expect(problem).toContain(`no Temporal server answers at ${address}: `);
    },
  );
});
