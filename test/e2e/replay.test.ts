import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Command } from '../support/command.ts';
import { startDevServer, type DevServer } from '../support/dev-server.ts';
import { makeInputs } from '../support/run-folder.ts';
import { workplace } from '../support/workplace.ts';

let server: DevServer;
let worker: Command;

beforeAll(async () => {
  server = await startDevServer();
  const args = ['worker', '--role', 'all', '--address', server.address];
  worker = new Command(args, { stateHome: join('/nonexistent', randomUUID()) });
  await worker.said('serving all');
});

afterAll(async () => {
  worker?.signal('SIGTERM');
  await worker?.ended;
  await server?.stop();
});

describe('replay', () => {
  it('a run with holes → its histories are stored; run folder, workflow id and file replay, an altered file parts', async () => {
    const at = workplace({ TEMPORAL_ADDRESS: server.address });
    makeInputs(at.folder, 2, 1);
    const options = ['--embedder', 'fake', '--embedder-option', 'failOn=s01_0', '--json'];
    const embed = await at.run(['embed', 'in', '--out', 'out', ...options]);
    expect(embed.code).toBe(2);
    const { workflowId } = JSON.parse(embed.stdout) as { workflowId: string };

    const stored = readdirSync(at.path('out', '.virnucpro', 'histories'));
    expect(stored).toHaveLength(1);
    expect(stored[0]).toMatch(new RegExp(`^${workflowId}-[0-9a-f]{12}\\.json$`, 'u'));

    // Stored ones need no server.
    const fromFolder = await at.run(['replay', 'out'], { env: { TEMPORAL_ADDRESS: '127.0.0.1:1' } });
    expect(fromFolder.code).toBe(0);
    expect(fromFolder.stderr).toContain('replaying what is stored in out');
    expect(fromFolder.stdout).toContain('✓ 1 of 1 history replayed with the same decisions');

    // The server knows the partition, too; what both know is replayed once.
    for (const target of ['out', workflowId]) {
      const fromServer = await at.run(['replay', target]);
      expect(fromServer).toMatchObject({ code: 0, stderr: '' });
      expect(fromServer.stdout).toContain('✓ 2 of 2 histories replayed with the same decisions');
    }

    const file = at.path('out', '.virnucpro', 'histories', stored[0]!);
    writeFileSync(at.path('altered.json'), readFileSync(file, 'utf8').replaceAll('"planRun"', '"planRuns"'));
    const altered = await at.run(['replay', workflowId, 'altered.json']);
    expect(altered.code).toBe(1);
    expect(altered.stdout).toMatch(
      new RegExp(`✗ ${workflowId} .* at event \\d+, ActivityTaskScheduled \\(planRuns\\)`, 'u'),
    );
    expect(altered.stdout).toContain("'planRuns' does not match activity type of activity command 'planRun'");
    expect(altered.stdout).toContain('✗ 2 of 3 histories replayed with the same decisions');
  });

  it('--failed → the failed run of this server and no other; nothing failed → 1, saying so', async () => {
    const at = workplace({ TEMPORAL_ADDRESS: server.address });
    const none = await at.run(['replay', '--failed']);
    expect(none).toMatchObject({ code: 1, stdout: '✗ No history was replayed\n' });
    makeInputs(at.folder, 1, 1);
    writeFileSync(at.path('in', 'bad.fa'), 'no FASTA\n');
    expect((await at.run(['embed', 'in', '--out', 'out', '--embedder', 'fake'])).code).toBe(1);
    // What is listed follows what has happened a moment later.
    await expect.poll(async () => (await at.run(['replay', '--failed'])).code, { timeout: 240_000 }).toBe(0);
    // The folder and the server know the same run: it is replayed once.
    const both = await at.run(['replay', 'out', '--failed']);
    expect(both).toMatchObject({ code: 0, stderr: '' });
    expect(both.stdout).toContain('✓ 1 of 1 history replayed with the same decisions');
    const stored = await at.run(['replay', 'out', '--failed'], { env: { TEMPORAL_ADDRESS: '' } });
    expect(stored).toMatchObject({ code: 0, stderr: expect.stringContaining('no server is known') });
  });

  it('a workflow that the server does not know → 1, naming both', async () => {
    const { code, stderr } = await workplace({ TEMPORAL_ADDRESS: server.address }).run(['replay', 'nobody']);
    expect(code).toBe(1);
    expect(stderr).toContain(`nobody is not known at ${server.address}, namespace default`);
  });

  it('a run on a server of its own, which is gone → nothing to replay after success, else what was stored', async () => {
    const at = workplace();
    makeInputs(at.folder, 1, 1);
    const embed = (...options: string[]) => at.run(['embed', 'in', '--out', 'out', '--embedder', 'fake', ...options]);
    expect((await embed()).code).toBe(0);
    const { code, stderr } = await at.run(['replay', 'out']);
    expect(code).toBe(1);
    expect(stderr).toContain('nothing to replay for out');
    writeFileSync(at.path('in', 'more.fa'), '>bad\nACGT\n');
    expect((await embed('--embedder-option', 'nanOn=bad')).code).toBe(2);
    const stored = await at.run(['replay', 'out']);
    expect(stored).toMatchObject({ code: 0, stderr: '' });
    expect(stored.stdout).toContain('✓ 1 of 1 history replayed with the same decisions');
  });

  it('no target → 1, and what can be named', async () => {
    const { code, stderr } = await workplace().run(['replay']);
    expect(code).toBe(1);
    expect(stderr).toContain('name a run folder, a workflow id or a history file, or give --failed');
  });
});
