import { asyncLocalStorage, type Context } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { withHeartbeats, type ActivityScope } from '../../../src/activities/activity-scope.ts';

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
