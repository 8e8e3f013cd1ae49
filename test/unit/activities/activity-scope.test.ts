import { asyncLocalStorage, type Context } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { withHeartbeats, type ActivityScope } from '../../../src/activities/activity-scope.ts';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { claimDirectory, type Claimant } from '../../../src/run/owner.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const SERVER = { address: 'localhost:7233', namespace: 'default' };

/** What an attempt sees of the worker. */
function fakeContext(cancellation: AbortController, beats: unknown[] = []): Context {
  const context = {
    info: { heartbeatTimeoutMs: 50 },
    cancellationSignal: cancellation.signal,
    heartbeat: (details: unknown) => beats.push(details),
  };
  return context as unknown as Context;
}

function attempt<T>(context: Context, work: (scope: ActivityScope) => Promise<T>): Promise<T> {
  return asyncLocalStorage.run(context, () => withHeartbeats(undefined, SERVER, work));
}

describe('withHeartbeats', () => {
  it('work of some length → beats with the details described last', async () => {
    const beats: unknown[] = [];
    await attempt(fakeContext(new AbortController(), beats), async ({ describe: tell }) => {
      tell({ rows: 1 });
      while (beats.length < 2) await setImmediate();
    });
    expect(beats.slice(0, 2)).toEqual([{ rows: 1 }, { rows: 1 }]);
    const soFar = beats.length;
    await setImmediate();
    expect(beats).toHaveLength(soFar);
  });

  it('cancelled before → its reason, nothing is done; cancelled meanwhile → the signal fires with the reason', async () => {
    const cancellation = new AbortController();
    const reason = new CancelledFailure('CANCELLED');
    const seen = attempt(fakeContext(cancellation), async ({ signal }) => {
      cancellation.abort(reason);
      return signal.reason as unknown;
    });
    expect(await seen).toBe(reason);
    await expect(attempt(fakeContext(cancellation), () => expect.fail('it was begun'))).rejects.toBe(reason);
  });

  it('someone still listens to the signal when the work is done → it is forgotten all the same', async () => {
    const signals: WeakRef<AbortSignal>[] = [];
    for (let count = 0; count < 50; count++) {
      await attempt(fakeContext(new AbortController()), async ({ signal }) => {
        signal.addEventListener('abort', () => {}, { once: true });
        signals.push(new WeakRef(signal));
      });
    }
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    for (let round = 0; round < 5; round++) {
      await setImmediate();
      collect();
    }
    expect(signals.filter((signal) => signal.deref() !== undefined).length).toBeLessThan(5);
  });
});

describe('withHeartbeats in a run folder that another run has claimed', () => {
  const OWNER: Claimant = { workflowId: 'run', workflowRunId: '1', server: 'temporal:7233', namespace: 'default' };

  /** @returns why the attempt was ended; undefined: it was not */
  async function endOf(
    owner: Partial<Claimant>,
    info: object,
    { namespaceId, workMs = 500 }: { namespaceId?: string; workMs?: number } = {},
  ): Promise<unknown> {
    const directory = await temporaryFolder();
    await claimDirectory(directory, { ...OWNER, ...owner }, async () => true);
    const describeNamespace = async () => {
      if (namespaceId === undefined) throw new Error('no permission');
      return { namespaceInfo: { id: namespaceId } };
    };
    const context = {
      ...fakeContext(new AbortController()),
      info: { heartbeatTimeoutMs: 1000, ...info },
      client: { workflowService: { describeNamespace } },
    } as unknown as Context;
    const work = async ({ signal }: ActivityScope) => {
      await setTimeout(workMs, undefined, { signal }).catch(() => undefined);
      signal.throwIfAborted();
    };
    const server = { address: 'localhost:7233', namespace: 'default' };
    const ended = asyncLocalStorage.run(context, () => withHeartbeats(directory, server, work));
    return ended.catch((error: unknown) => error);
  }

  const partition = {
    workflowType: 'embedPartition',
    workflowExecution: { workflowId: 'run-0123456789ab-0', runId: '2' },
  };

  it('another id, or another server → the attempt ends and says who has the folder', async () => {
    const lost = { type: FailureType.RunInvalidInput, message: expect.stringContaining('belongs to workflow') };
    expect(await endOf({ workflowId: 'other' }, partition, { namespaceId: 'ns-1', workMs: 30_000 })).toMatchObject(
      lost,
    );
    expect(await endOf({ namespaceId: 'ns-2' }, partition, { namespaceId: 'ns-1', workMs: 30_000 })).toMatchObject(
      lost,
    );
  });

  it('the server does not say which one it is, at another address → the attempt goes on', async () => {
    expect(await endOf({ namespaceId: 'ns-1' }, partition)).toBeUndefined();
    expect(await endOf({}, partition, { namespaceId: 'ns-1' })).toBeUndefined();
  });

  it("a workflow of the user's own, beside the one that made the claim → the attempt goes on", async () => {
    const own = { workflowType: 'mine', workflowExecution: { workflowId: 'mine/part-1', runId: '2' } };
    expect(await endOf({ workflowId: 'mine' }, own, { namespaceId: 'ns-1' })).toBeUndefined();
  });
});
