import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ServerKeeper } from '../../../../src/cli/session/server-keeper.ts';
import { deferred } from '../../../../src/platform/deferred.ts';
import { identifyProcess } from '../../../../src/platform/process-identity.mjs';
import type { LocalServer, LocalServerOptions, ServerRecord } from '../../../../src/server/index.ts';

const RUN = '0123456789ab';

let child: ChildProcess;

beforeEach(async () => {
  child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  await once(child, 'spawn');
});
afterEach(() => child.kill('SIGKILL'));

function recordOf(identity: Pick<ServerRecord, 'pid' | 'startTime' | 'host'>): ServerRecord {
  const rest = { ip: '127.0.0.1', port: 1, uiPort: 2, binary: 'temporal', startedAt: '2026-01-01T00:00:00.000Z' };
  return { schema: 1, ...rest, ...identity };
}

function serverOf(record: ServerRecord): LocalServer {
  return {
    ...{ address: '127.0.0.1:1', namespace: 'default', uiUrl: '', pid: record.pid, record, reused: false },
    ports: { port: 1, uiPort: 2 },
    stop: async () => {},
  };
}

/** A keeper whose server is this process from the start. */
async function keeperOf(record: ServerRecord): Promise<ServerKeeper> {
  const keeper = new ServerKeeper(
    RUN,
    () => {},
    async () => serverOf(record),
  );
  await keeper.start();
  return keeper;
}

/** Whether the child ends by itself within a while that a signal would not need. */
async function ends(): Promise<boolean> {
  const ended = child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : once(child, 'exit');
  return Promise.race([
    ended.then(() => true),
    new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 300)),
  ]);
}

describe('ServerKeeper.kill', () => {
  it('a server that runs → it is gone', async () => {
    const keeper = await keeperOf(recordOf(identifyProcess(child.pid)));
    keeper.kill();
    await once(child, 'exit');
    expect(child.signalCode).toBe('SIGKILL');
    await keeper.stop();
  });

  it('a server that has died → nothing is thrown', async () => {
    const record = recordOf(identifyProcess(child.pid));
    child.kill('SIGKILL');
    await once(child, 'exit');
    const keeper = await keeperOf(record);
    expect(() => keeper.kill()).not.toThrow();
    await keeper.stop();
  });

  it('its process id is that of another process by now → that one is left alone', async () => {
    const keeper = await keeperOf(recordOf({ ...identifyProcess(child.pid), startTime: 'an earlier boot/1' }));
    keeper.kill();
    expect(await ends()).toBe(false);
    await keeper.stop();
  });

  it('a server that is still being waited for → it is gone', async () => {
    const ready = deferred<LocalServer>();
    const record = recordOf(identifyProcess(child.pid));
    const ensure = ({ onSpawn }: LocalServerOptions) => {
      onSpawn?.(record);
      return ready.promise;
    };
    const keeper = new ServerKeeper(RUN, () => {}, ensure);
    const starting = keeper.start();
    keeper.kill();
    await once(child, 'exit');
    expect(child.signalCode).toBe('SIGKILL');
    ready.resolve(serverOf(record));
    await starting;
    await keeper.stop();
  });

  it('nothing has been started yet → nothing is thrown', () => {
    expect(() => new ServerKeeper(RUN, () => {}).kill()).not.toThrow();
  });
});
