import { readdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../src/cli/doctor/finding.ts';
import { Command } from '../support/command.ts';
import { startDevServer, type DevServer } from '../support/dev-server.ts';
import { workplace, type Workplace } from '../support/workplace.ts';

interface Diagnosis {
  schema: number;
  directory: string;
  healthy: boolean;
  findings: Finding[];
}

async function doctor(at: Workplace, ...args: string[]): Promise<{ code: number; diagnosis: Diagnosis }> {
  const { code, stdout } = await at.run(['doctor', ...args, '--json']);
  return { code, diagnosis: JSON.parse(stdout) as Diagnosis };
}

function found({ findings }: Diagnosis, check: string): Finding[] {
  return findings.filter((finding) => finding.check === check);
}

describe('doctor without a server of the user', () => {
  it('a folder that can be used → 0, no problem, nothing left behind', async () => {
    const at = workplace();
    const before = readdirSync(at.folder);
    const { code, diagnosis } = await doctor(at, '.');
    expect(code).toBe(0);
    expect(diagnosis).toMatchObject({ schema: 1, directory: at.folder, healthy: true });
    const checks = diagnosis.findings.map(({ check }) => check);
    expect(checks).toEqual(
      expect.arrayContaining([
        'node',
        'temporal-cli',
        'server',
        'writable',
        'fsync',
        'link',
        'rename',
        'mount',
        'disk-space',
      ]),
    );
    expect(found(diagnosis, 'server')[0]).toMatchObject({ status: 'info' });
    expect(readdirSync(at.folder)).toEqual(before);
  });

  it('for people → one line a check and the count', async () => {
    const { code, stdout } = await workplace().run(['doctor']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^✓ node {10}Node v/u);
    expect(stdout).toMatch(/(?:✓ No problems|! No problems, \d+ warnings?)\n$/u);
  });

  it('a folder that does not exist yet → the nearest above it is looked at, and it is not made', async () => {
    const at = workplace();
    const { code, diagnosis } = await doctor(at, 'new/run');
    expect(code).toBe(0);
    expect(found(diagnosis, 'folder')[0]?.message).toContain(`looking at ${at.folder}`);
    expect(readdirSync(at.folder)).not.toContain('new');
  });

  it('a file in place of the folder → 1, a problem', async () => {
    const at = workplace();
    writeFileSync(at.path('file'), '');
    const { code, diagnosis } = await doctor(at, 'file');
    expect(code).toBe(1);
    expect(found(diagnosis, 'writable')[0]).toMatchObject({ status: 'problem' });
  });

  it('a run.json that is none → 1, a problem', async () => {
    const at = workplace();
    writeFileSync(at.path('run.json'), '{}');
    const { code, diagnosis } = await doctor(at, '.');
    expect(code).toBe(1);
    expect(found(diagnosis, 'run')[0]).toMatchObject({ status: 'problem' });
  });

  it('a server that does not answer → 1, and what to do', async () => {
    const { code, diagnosis } = await doctor(workplace({ TEMPORAL_ADDRESS: '127.0.0.1:1' }));
    expect(code).toBe(1);
    expect(found(diagnosis, 'server')[0]).toMatchObject({ status: 'problem' });
    expect(found(diagnosis, 'server')[0]?.todo).toContain('TEMPORAL_ADDRESS');
  });
});

describe('doctor with a server of the user', () => {
  let server: DevServer;
  beforeAll(async () => void (server = await startDevServer()));
  afterAll(() => server?.stop());

  it('no worker → warnings that say how to start one; with one → served by it', async () => {
    const at = workplace({ TEMPORAL_ADDRESS: server.address });
    const without = (await doctor(at)).diagnosis;
    expect(found(without, 'server')[0]).toMatchObject({ status: 'ok' });
    expect(found(without, 'namespace')[0]).toMatchObject({ status: 'ok', message: 'namespace default' });
    expect(found(without, 'pollers')[0]).toMatchObject({
      status: 'warning',
      todo: `virnucpro worker --role io --address ${server.address}`,
    });

    const worker = new Command(['worker', '--role', 'all', '--address', server.address], { stateHome: at.stateHome });
    await worker.said('serving all');
    try {
      await expect
        .poll(async () => found((await doctor(at)).diagnosis, 'pollers').map(({ status }) => status), {
          timeout: 30_000,
        })
        .toEqual(['ok', 'ok', 'ok', 'ok']);
    } finally {
      worker.signal('SIGTERM');
      await worker.ended;
    }
  });

  it('a namespace that does not exist → 1, and the command that makes it', async () => {
    const at = workplace({ TEMPORAL_ADDRESS: server.address });
    const { code, diagnosis } = await doctor(at, '--namespace', 'nobody');
    expect(code).toBe(1);
    expect(found(diagnosis, 'namespace')[0]).toMatchObject({ status: 'problem' });
    expect(found(diagnosis, 'namespace')[0]?.todo).toContain('temporal operator namespace create nobody');
  });
});
