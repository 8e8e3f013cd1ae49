import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { FailureType } from '../../contract/failure-types.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { embedderError } from '../embedder-error.ts';
import type { EmbedItem, EmbedTask } from '../types.ts';
import type { FakeSettings } from './fake-settings.ts';
import { fakeVector } from './fake-vector.ts';

/** Say that the crash, or the loss, of a task has happened. */
const CRASH_MARK = 'fake-crashed';
const LOSS_MARK = 'fake-device-lost';
/** Values after which other requests get their turn. */
const VALUES_PER_SLICE = 65_536;

/** What the fake embedder's process computes. */
export class FakeModel {
  readonly #settings: FakeSettings;
  readonly #log: number | undefined;
  /** Sequences embedded so far by scratch folder, that is by task. */
  readonly #embedded = new Map<string, number>();
  #sliceLeft = VALUES_PER_SLICE;
  #computing = 0;
  /** Why nothing can be computed any longer. */
  #lost: VirnucproError | undefined;
  /** Batches that wait for their turn. */
  readonly #turns: (() => void)[] = [];

  /** @throws errno errors if the log cannot be opened */
  constructor(settings: FakeSettings) {
    this.#settings = settings;
    this.#log = settings.log === undefined ? undefined : openSync(settings.log, 'a');
  }

  /**
   * @returns `items.length × dim` values; undefined if `isDropped` said so meanwhile
   * @throws VirnucproError `EmbeddingError.OutOfMemory`, `.Embedder` or `.DeviceLost`, as the settings ask for
   */
  async embed(
    task: EmbedTask,
    items: readonly EmbedItem[],
    isDropped: () => boolean,
  ): Promise<Float32Array | undefined> {
    await this.#turn();
    try {
      return await this.#embedBatch(task, items, isDropped);
    } finally {
      const next = this.#turns.shift();
      if (next === undefined) this.#computing -= 1;
      else next();
    }
  }

  /** Whoever waits takes over the place of a batch that is done. */
  async #turn(): Promise<void> {
    if (this.#computing < this.#settings.batchesAtOnce) this.#computing += 1;
    else await new Promise<void>((begin) => this.#turns.push(begin));
  }

  async #embedBatch(
    task: EmbedTask,
    items: readonly EmbedItem[],
    isDropped: () => boolean,
  ): Promise<Float32Array | undefined> {
    const { dim } = this.#settings;
    this.#requireMemory(items);
    const rows = new Float32Array(items.length * dim);
    for (const [index, item] of items.entries()) {
      if (isDropped()) return undefined;
      rows.set(await this.#embedOne(task, item), index * dim);
    }
    return isDropped() ? undefined : rows;
  }

  #requireMemory(items: readonly EmbedItem[]): void {
    const { oomAbove, oomOn } = this.#settings;
    const misfit = items.find(({ id }) => oomOn.includes(id));
    if (misfit !== undefined) throw outOfMemory(`record "${misfit.id}" is too large (option oomOn)`);
    if (oomAbove !== undefined && items.length > oomAbove) {
      throw outOfMemory(`a batch of ${items.length} sequences, room for ${oomAbove}`);
    }
  }

  async #embedOne(task: EmbedTask, item: EmbedItem): Promise<Float32Array> {
    const { dim, delayMs, failOn, nanOn, crashOn } = this.#settings;
    this.#maybeCrash(task);
    await this.#pause(delayMs);
    this.#requireDevice(task, item);
    if (crashOn.includes(item.id)) process.kill(process.pid, 'SIGKILL');
    if (failOn.includes(item.id)) throw embedderError(`record "${item.id}" makes it fail (option failOn)`);
    const row = nanOn.includes(item.id) ? new Float32Array(dim).fill(Number.NaN) : fakeVector(item.sequence, dim);
    if (this.#log !== undefined) writeSync(this.#log, `${task.file}\t${item.ordinal}\n`);
    return row;
  }

  #requireDevice({ scratchFolder }: EmbedTask, { id }: EmbedItem): void {
    if (this.#settings.deviceLostOn.includes(id) && markOnce(scratchFolder, LOSS_MARK)) {
      const message = `the device is lost at record "${id}" (option deviceLostOn)`;
      this.#lost = new VirnucproError(FailureType.EmbeddingDeviceLost, message);
    }
    if (this.#lost !== undefined) throw this.#lost;
  }

  async #pause(delayMs: number): Promise<void> {
    if (delayMs > 0) await setTimeout(delayMs);
    this.#sliceLeft -= this.#settings.dim;
    if (this.#sliceLeft > 0) return;
    this.#sliceLeft = VALUES_PER_SLICE;
    await setImmediate();
  }

  #maybeCrash({ scratchFolder }: EmbedTask): void {
    if (this.#settings.crashAt === undefined) return;
    const count = (this.#embedded.get(scratchFolder) ?? 0) + 1;
    this.#embedded.set(scratchFolder, count);
    if (count === this.#settings.crashAt && markOnce(scratchFolder, CRASH_MARK)) process.kill(process.pid, 'SIGKILL');
  }
}

function outOfMemory(how: string): VirnucproError {
  return new VirnucproError(FailureType.EmbeddingOutOfMemory, `out of memory: ${how}`);
}

/** @returns false if it has happened to this task before */
function markOnce(scratchFolder: string, name: string): boolean {
  mkdirSync(scratchFolder, { recursive: true });
  try {
    const mark = openSync(join(scratchFolder, name), 'wx');
    fsyncSync(mark);
    closeSync(mark);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
