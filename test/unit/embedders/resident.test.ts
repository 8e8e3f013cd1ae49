import { describe, expect, test } from 'vitest';
import { kmerFactory } from '../../../src/embedders/kmer/kmer-factory.ts';
import { ResidentEmbedders } from '../../../src/embedders/resident.ts';
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
  const acquire = (x: string, signal = NEVER, other = factory) =>
    residents.acquire(other, { x }, kmerFactory.describe({}, 'protein'), signal);
  return { notes, factory, residents, acquire };
}

describe('ResidentEmbedders', () => {
  test('tasks with the same options → one embedder, started once, kept when released', async () => {
    const { notes, acquire } = setUp();
    const [one, other] = await Promise.all([acquire('1'), acquire('1')]);
    expect(one.embedder).toBe(other.embedder);
    one.release();
    other.release();
    expect((await acquire('1')).embedder).toBe(one.embedder);
    expect(notes).toEqual(['start noted 1']);
  });

  test('other options → idle ones of that name are stopped, used ones kept', async () => {
    const { notes, acquire } = setUp();
    const first = await acquire('1');
    const second = await acquire('2');
    first.release();
    first.release();
    await acquire('3');
    expect(notes).toEqual(['start noted 1', 'start noted 2', 'stop noted 1', 'start noted 3']);
    second.release();
  });

  test('another embedder → the idle one stays', async () => {
    const { notes, factory, acquire } = setUp();
    (await acquire('1')).release();
    await acquire('1', NEVER, { ...factory, name: 'other' });
    expect(notes).toEqual(['start noted 1', 'start noted 1']);
  });

  test('died → started again at the next acquire', async () => {
    const { notes, acquire } = setUp();
    const { embedder, release } = await acquire('1');
    (embedder as NotedEmbedder).alive = false;
    release();
    expect((await acquire('1')).embedder.alive).toBe(true);
    expect(notes).toEqual(['start noted 1', 'start noted 1']);
  });

  test('start fails → rejected, and the embedder counts as idle', async () => {
    const { notes, acquire } = setUp();
    await expect(acquire('1', AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    await acquire('2');
    expect(notes).toEqual(['stop noted 1', 'start noted 2']);
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
