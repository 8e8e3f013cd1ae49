import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureLocalServer, isServerAlive, readServerRecord, stopLocalServer } from '../../src/server/index.ts';

const RUN = '0123456789ab';
const OTHER = 'ba9876543210';

describe('ensureLocalServer', () => {
  let stateHome = '';
  let lines: string[] = [];
  const previous = process.env['XDG_STATE_HOME'];
  const ensure = () => ensureLocalServer({ runId12: RUN, log: (line) => lines.push(line) });
  const folder = () => join(stateHome, 'virnucpro', RUN);

  beforeEach(() => {
    stateHome = mkdtempSync(join(tmpdir(), 'virnucpro-server-'));
    process.env['XDG_STATE_HOME'] = stateHome;
    lines = [];
  });
  afterEach(async () => {
    await stopLocalServer(RUN);
    if (previous === undefined) delete process.env['XDG_STATE_HOME'];
    else process.env['XDG_STATE_HOME'] = previous;
    rmSync(stateHome, { recursive: true, force: true });
  });

  it('nothing there → started, with a record and a web interface; stop → process and record gone', async () => {
    const server = await ensure();
    expect(server).toMatchObject({ namespace: 'default', reused: false });
    const record = readServerRecord(RUN);
    expect(record).toMatchObject({ pid: server.pid, ip: '127.0.0.1' });
    expect((await fetch(server.uiUrl)).status).toBe(200);
    await server.stop();
    expect(record && isServerAlive(record)).toBe(false);
    expect(readServerRecord(RUN)).toBeUndefined();
  });

  it('two at once → one server', async () => {
    const [first, second] = await Promise.all([ensure(), ensure()]);
    expect(second.pid).toBe(first.pid);
    expect(first.reused).not.toBe(second.reused);
  });

  it('the ports of one that has died are those of another run meanwhile → not taken for it; others', async () => {
    const other = await ensureLocalServer({ runId12: OTHER, log: () => {} });
    try {
      const server = await ensureLocalServer({ runId12: RUN, log: () => {}, ports: other.ports });
      expect(server.address).not.toBe(other.address);
      await startWorkflow(server.address, 'mine');
      await expect(workflowStatus(other.address, 'mine')).rejects.toThrow('not found');
    } finally {
      await other.stop();
    }
  });

  it('server killed → another on the same database, which still knows the workflow', async () => {
    const killed = await ensure();
    await startWorkflow(killed.address, 'survivor');
    process.kill(killed.pid, 'SIGKILL');
    const server = await ensure();
    expect(server.reused).toBe(false);
    expect(lines.join('\n')).toContain(`process ${killed.pid} on`);
    expect(await workflowStatus(server.address, 'survivor')).toBe('RUNNING');
  });

  it('a record whose process id belongs to another process now → that one is left alone', async () => {
    const first = await ensure();
    await first.stop();
    const own = { schema: 1, pid: process.pid, startTime: 'an earlier boot/1', host: 'gone', ip: '127.0.0.1' };
    const rest = { port: 1, uiPort: 2, binary: 'temporal', startedAt: '2026-01-01T00:00:00.000Z' };
    writeFileSync(join(folder(), 'server.json'), JSON.stringify({ ...own, ...rest }));
    expect((await ensure()).reused).toBe(false);
  });

  it('a database that is none → moved aside, and said so', async () => {
    await (await ensure()).stop();
    for (const name of readdirSync(folder())) if (name.startsWith('temporal.db-')) rmSync(join(folder(), name));
    writeFileSync(join(folder(), 'temporal.db'), 'this is not a database');
    const server = await ensure();
    expect(server.reused).toBe(false);
    const aside = readdirSync(folder()).find((name) => name.startsWith('temporal.db.bad-'));
    expect(readFileSync(join(folder(), aside ?? 'nothing moved'), 'utf8')).toBe('this is not a database');
    expect(lines.join('\n')).toContain('moved its database aside');
  });

  it('a server without a record has the database open → named, and the database stays', async () => {
    const server = await ensure();
    const record = readFileSync(join(folder(), 'server.json'));
    rmSync(join(folder(), 'server.json'));
    await expect(ensure()).rejects.toThrow(`another Temporal server has ${join(folder(), 'temporal.db')} open`);
    expect(readdirSync(folder()).some((name) => name.includes('.bad-'))).toBe(false);
    writeFileSync(join(folder(), 'server.json'), record);
    expect((await ensure()).pid).toBe(server.pid);
  });
});

async function startWorkflow(address: string, workflowId: string): Promise<void> {
  await withClient(address, (client) =>
    client.workflow.start('nobodyWorksOnThis', { workflowId, taskQueue: 'unserved', args: [] }),
  );
}

async function workflowStatus(address: string, workflowId: string): Promise<string> {
  return withClient(address, async (client) => (await client.workflow.getHandle(workflowId).describe()).status.name);
}

async function withClient<T>(address: string, use: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await use(new Client({ connection }));
  } finally {
    await connection.close();
  }
}
