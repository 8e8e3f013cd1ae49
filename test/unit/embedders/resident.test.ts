import { CancelledFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { VirnucproError } from '../../../src/contract/virnucpro-error.ts';
import { kmerFactory } from '../../../src/embedders/kmer/kmer-factory.ts';
import { ResidentEmbedders } from '../../../src/embedders/resident.ts';
import { deferred } from '../../../src/platform/deferred.ts';
import type { Embedder, EmbedderFactory } from '../../../src/embedders/types.ts';

const NEVER = new AbortController().signal;

/** An embedder that only notes what happens to it. */
class NotedEmbedder implements Embedder {
  readonly description = kmerFactory.describe({}, 'protein');
  readonly #name: string;
  readonly #notes: string[];
  alive = false;

  constructor(name: string, notes: string[]) {
    this.#name = name;
    this.#notes = notes;
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.alive) this.#notes.push(`start ${this.#name}`);
    this.alive = true;
  }

  async stop(): Promise<void> {
    this.#notes.push(`stop ${this.#name}`);
    this.alive = false;
  }

  async embed(): Promise<Float32Array> {
    return new Float32Array();
  }
}

function setUp(name = 'noted') {
  const notes: string[] = [];
  const factory: EmbedderFactory = {
    ...kmerFactory,
    name,
    create: (options) => new NotedEmbedder(`${name} ${options['x'] ?? ''}`.trim(), notes),
  };
  const residents = new ResidentEmbedders();
  const acquire = (x: string, signal = NEVER, other = factory, run = 'run') =>
    residents.acquire(other, { x }, kmerFactory.describe({}, 'protein'), run, signal);
  return { notes, factory, residents, acquire };
}

describe('ResidentEmbedders', () => {
  test('tasks with the same options → one embedder, started once, kept when released', async () => {
    const { notes, acquire } = setUp();
    const [one, other] = await Promise.all([acquire('1'), acquire('1')]);
    expect(one.embedder).toBe(other.embedder);
    await one.release();
    await other.release();
    expect((await acquire('1')).embedder).toBe(one.embedder);
    expect(notes).toEqual(['start noted 1']);
  });

  test('other options → idle ones of that name are stopped, used ones kept', async () => {
    const { notes, acquire } = setUp();
    const first = await acquire('1');
    const second = await acquire('2');
    await first.release();
    await first.release();
    await acquire('3');
    expect(notes).toEqual(['start noted 1', 'start noted 2', 'stop noted 1', 'start noted 3']);
    await second.release();
  });

  test('another embedder → the idle one stays', async () => {
    const { notes, factory, acquire } = setUp();
    await (await acquire('1')).release();
    await acquire('1', NEVER, { ...factory, name: 'other' });
    expect(notes).toEqual(['start noted 1', 'start noted 1']);
  });

  test('the device is lost at the start → a second one is tried; lost again → that is thrown; others at once', async () => {
    const { notes, residents } = setUp();
    const failing = (...types: FailureType[]) => {
      const embedder = new NotedEmbedder('noted', notes);
      const start = embedder.start.bind(embedder);
      embedder.start = async (signal) => {
        const type = types.shift();
        if (type === undefined) return start(signal);
        notes.push(type);
        throw new VirnucproError(type, 'no device');
      };
      const factory = { ...kmerFactory, name: `noted ${types.join()}`, create: () => embedder };
      return residents.acquire(factory, {}, embedder.description, 'run', NEVER);
    };
    const { EmbeddingDeviceLost: lost, EmbeddingEmbedder: broken } = FailureType;
    await failing(lost);
    await expect(failing(lost, lost, lost)).rejects.toMatchObject({ type: lost });
    await expect(failing(broken, broken)).rejects.toMatchObject({ type: broken });
    expect(notes).toEqual([lost, 'start noted', lost, lost, broken]);
  });

  test('died → started again at the next acquire', async () => {
    const { notes, acquire } = setUp();
    const { embedder, release } = await acquire('1');
    (embedder as NotedEmbedder).alive = false;
    await release();
    expect((await acquire('1')).embedder.alive).toBe(true);
    expect(notes).toEqual(['start noted 1', 'start noted 1']);
  });

  test('start fails → rejected, and the embedder counts as idle', async () => {
    const { notes, acquire } = setUp();
    await expect(acquire('1', AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    await acquire('2');
    expect(notes).toEqual(['stop noted 1', 'start noted 2']);
  });

  /** What Temporal gives as the reason of an abort. */
  function ended(message: string): AbortSignal {
    return AbortSignal.abort(new CancelledFailure(message));
  }

  /** A user whose signal fires while it holds the embedder. */
  async function user(set: ReturnType<typeof setUp>, run: string) {
    const controller = new AbortController();
    const lease = await set.acquire('1', controller.signal, set.factory, run);
    const end = async (message?: string) => {
      if (message !== undefined) controller.abort(new CancelledFailure(message));
      await lease.release();
    };
    return { end, lease };
  }

  test('the last task of a cancelled run lets go → stopped; the next task gets a new one', async () => {
    const set = setUp();
    const [one, other] = [await user(set, 'run'), await user(set, 'run')];
    await one.end('CANCELLED');
    expect(set.notes).toEqual(['start noted 1']);
    await other.end('CANCELLED');
    expect(set.notes).toEqual(['start noted 1', 'stop noted 1']);
    expect((await set.acquire('1')).embedder).not.toBe(one.lease.embedder);
  });

  test('one task of a run is cancelled, the other just ends → stopped with the last one', async () => {
    const set = setUp();
    const [one, other] = [await user(set, 'run'), await user(set, 'run')];
    await one.end('CANCELLED');
    await other.end();
    expect(set.notes).toEqual(['start noted 1', 'stop noted 1']);
  });

  test('a task of another run uses it, too → left to that one, also when it is done', async () => {
    const set = setUp();
    const [one, other] = [await user(set, 'cancelled run'), await user(set, 'other run')];
    await one.end('CANCELLED');
    await other.end();
    expect(set.notes).toEqual(['start noted 1']);
  });

  test('a run that was cancelled is started again → its embedder is kept as any', async () => {
    const set = setUp();
    const [one, other] = [await user(set, 'run'), await user(set, 'other run')];
    await one.end('CANCELLED');
    const again = await user(set, 'run');
    await other.end();
    await again.end();
    expect(set.notes).toEqual(['start noted 1']);
  });

  test.each(['WORKER_SHUTDOWN', 'TIMED_OUT', 'NOT_FOUND'])('a task ends by %s → kept', async (reason) => {
    const set = setUp();
    await (await user(set, 'run')).end(reason);
    expect(set.notes).toEqual(['start noted 1']);
  });

  test('cancelled while it starts → stopped', async () => {
    const { notes, acquire } = setUp();
    await expect(acquire('1', ended('CANCELLED'))).rejects.toThrow('CANCELLED');
    expect(notes).toEqual(['stop noted 1']);
  });

  test('a task comes while the embedder is being stopped → a new one, started when the old one is gone', async () => {
    const set = setUp();
    const { end, lease } = await user(set, 'run');
    const gone = deferred<void>();
    lease.embedder.stop = async () => {
      set.notes.push('stopping');
      await gone.promise;
      set.notes.push('stopped');
    };
    const ending = end('CANCELLED');
    const next = set.acquire('1');
    gone.resolve();
    await Promise.all([ending, next]);
    expect(set.notes).toEqual(['start noted 1', 'stopping', 'stopped', 'start noted 1']);
  });

  test('stopAll → all stopped', async () => {
    const { notes, residents, acquire } = setUp();
    await acquire('1');
    await acquire('2');
    await residents.stopAll();
    await residents.stopAll();
    expect(notes.slice(2).toSorted()).toEqual(['stop noted 1', 'stop noted 2']);
  });
});
