import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diagnosisSchema, type Diagnosis, type DiagnosisFinding } from '../../src/schemas/doctor.ts';
import { Command } from '../support/command.ts';
import { startDevServer, type DevServer } from '../support/dev-server.ts';
import { fakePython } from '../support/fake-python.ts';
import { makeInputs } from '../support/run-folder.ts';
import { workplace, type Workplace } from '../support/workplace.ts';

/** Importing torch takes seconds, and every command would do it: its Python is a stand-in here. */
const pythonFolder = mkdtempSync(join(tmpdir(), 'virnucpro-python-'));
const VIRNUCPRO_SIDECAR_PYTHON = fakePython(pythonFolder, 'python');
afterAll(() => rmSync(pythonFolder, { recursive: true, force: true }));

function place(env: Record<string, string> = {}): Workplace {
  return workplace({ VIRNUCPRO_SIDECAR_PYTHON, ...env });
}

async function doctor(at: Workplace, ...args: string[]): Promise<{ code: number; diagnosis: Diagnosis }> {
  const { code, stdout } = await at.run(['doctor', ...args, '--json']);
  return { code, diagnosis: diagnosisSchema.parse(JSON.parse(stdout)) };
}

function found({ findings }: Diagnosis, check: string): DiagnosisFinding[] {
  return findings.filter((finding) => finding.check === check);
}

describe('doctor without a server of the user', () => {
  it('a folder that can be used → 0, no problem, nothing left behind', async () => {
    const at = place();
    const before = readdirSync(at.folder);
    const { code, diagnosis } = await doctor(at, '.');
    expect(code).toBe(0);
    expect(diagnosis).toMatchObject({ schema: 1, directory: at.folder, healthy: true });
    const checks = diagnosis.findings.map(({ check }) => check);
    expect(checks).toEqual(
      expect.arrayContaining([
        'node',
        'sdk',
        'heap',
        'limits',
        'python',
        'temporal-cli',
        'server',
        'writable',
        'fsync',
        'link',
        'rename',
        'append',
        'names',
        'storage-clock',
        'mount',
        'disk-space',
      ]),
    );
    expect(found(diagnosis, 'server')[0]).toMatchObject({ status: 'info' });
    expect(readdirSync(at.folder)).toEqual(before);
  });

  it('for people → one line a check and the count', async () => {
    const { code, stdout } = await place().run(['doctor']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^✓ node +Node v/u);
    expect(stdout).toMatch(/(?:✓ No problems|! No problems, \d+ warnings?)\n$/u);
  });

  it('a folder that does not exist yet → the nearest above it is looked at, and it is not made', async () => {
    const at = place();
    const { code, diagnosis } = await doctor(at, 'new/run');
    expect(code).toBe(0);
    expect(found(diagnosis, 'folder')[0]?.message).toContain(`looking at ${at.folder}`);
    expect(readdirSync(at.folder)).not.toContain('new');
  });

  it('a file in place of the folder → 1, a problem', async () => {
    const at = place();
    writeFileSync(at.path('file'), '');
    const { code, diagnosis } = await doctor(at, 'file');
    expect(code).toBe(1);
    expect(found(diagnosis, 'writable')[0]).toMatchObject({ status: 'problem' });
  });

  it('a run.json that is none → 1, a problem', async () => {
    const at = place();
    writeFileSync(at.path('run.json'), '{}');
    const { code, diagnosis } = await doctor(at, '.');
    expect(code).toBe(1);
    expect(found(diagnosis, 'run')[0]).toMatchObject({ status: 'problem' });
  });

  it('a server that does not answer → 1, and what to do', async () => {
    const { code, diagnosis } = await doctor(place({ TEMPORAL_ADDRESS: '127.0.0.1:1' }));
    expect(code).toBe(1);
    expect(found(diagnosis, 'server')[0]).toMatchObject({ status: 'problem' });
    expect(found(diagnosis, 'server')[0]?.todo).toContain('TEMPORAL_ADDRESS');
  });

  it.each([
    ['an address that is none', ['--address', 'foo:bar'], {}, 'correct it in --address'],
    ['a variable with one', [], { TEMPORAL_ADDRESS: 'localhost:bar' }, 'correct it in TEMPORAL_ADDRESS'],
    ['settings that cannot be read', [], { TEMPORAL_CONFIG_FILE: 'temporal.toml' }, 'VIRNUCPRO_DEBUG'],
  ])('%s → 1, a problem of the server, and all other findings', async (_, args, env, todo) => {
    const at = place(env);
    writeFileSync(at.path('temporal.toml'), 'this is [not TOML');
    const { code, diagnosis } = await doctor(at, ...args);
    expect(code).toBe(1);
    expect(found(diagnosis, 'server')).toMatchObject([{ status: 'problem', todo: expect.stringContaining(todo) }]);
    expect(found(diagnosis, 'disk-space')).toHaveLength(1);
  });
});

describe('doctor with a server of the user', () => {
  let server: DevServer;
  beforeAll(async () => void (server = await startDevServer()));
  afterAll(() => server?.stop());

  it('no worker → warnings that say how to start one; with one → served by it', async () => {
    const at = place({ TEMPORAL_ADDRESS: server.address });
    const without = (await doctor(at)).diagnosis;
    expect(found(without, 'server')[0]).toMatchObject({ status: 'ok' });
    expect(found(without, 'namespace')[0]).toMatchObject({ status: 'ok', message: 'namespace default' });
    expect(found(without, 'retention')[0]?.message).toContain('closed workflows are kept for 1 day');
    // The server may note the poll that its clock is seen from too late.
    expect(found(without, 'server-clock')[0]?.status).toMatch(/^(?:ok|info)$/u);
    expect(found(without, 'pollers')[0]).toMatchObject({
      status: 'warning',
      todo: `virnucpro worker --role io --address ${server.address}`,
    });

    const worker = new Command(['worker', '--role', 'all', '--address', server.address], { stateHome: at.stateHome });
    await worker.said('serving all');
    try {
      await expect
        .poll(async () => found((await doctor(at)).diagnosis, 'pollers').map(({ status }) => status), {
          timeout: 240_000,
        })
        .toEqual(['ok', 'ok', 'ok', 'ok']);
      await expectRunDescribed(at);
    } finally {
      worker.signal('SIGTERM');
      await worker.ended;
    }
  });

  it('a namespace that does not exist → 1, and the command that makes it', async () => {
    const at = place({ TEMPORAL_ADDRESS: server.address });
    const { code, diagnosis } = await doctor(at, '--namespace', 'nobody');
    expect(code).toBe(1);
    expect(found(diagnosis, 'namespace')[0]).toMatchObject({ status: 'problem' });
    expect(found(diagnosis, 'namespace')[0]?.todo).toContain('temporal operator namespace create nobody');
  });
});

/** After a run its folder is described; when a checkpoint has gone, the plan says what it takes to make it anew. */
async function expectRunDescribed(at: Workplace): Promise<void> {
  const inputs = makeInputs(at.folder, 2, 3);
  expect((await at.run(['embed', inputs, '--out', 'run', '--embedder', 'kmer'])).code).toBe(0);
  rmSync(at.path('run', readdirSync(at.path('run')).find((name) => name.endsWith('.pt')) ?? 'none'));
  const { code, diagnosis } = await doctor(at, 'run');
  expect(code).toBe(0);
  expect(found(diagnosis, 'run')[0]).toMatchObject({
    status: 'ok',
    message: expect.stringContaining('2 inputs, kmer'),
  });
  expect(found(diagnosis, 'plan')[0]?.message).toBe('the last plan: 1/2 checkpoints are there, 1 file to embed');
  expect(found(diagnosis, 'disk-space')[0]?.message).toContain('the last plan has 1 file to embed');
  expect(found(diagnosis, 'checkpoints')[0]).toMatchObject({ status: 'ok', message: '1 checkpoint, 1 looked at' });
}
