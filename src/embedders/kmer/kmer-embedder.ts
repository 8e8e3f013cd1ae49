import { setImmediate } from 'node:timers/promises';
import type { Alphabet } from '../../sequences/types.ts';
import type { Embedder, EmbedderDescription, EmbedItem, EmbedTask } from '../types.ts';
import { CanonicalWordCounter, DipeptideCounter } from './word-counter.ts';
import type { WordCounter } from './word-counter.ts';

/** Letters after which other work of the process gets its turn: a few milliseconds. */
const LETTERS_PER_SLICE = 250_000;
/** Ids that a warning names. */
const NAMED_IDS = 3;

/** Word frequencies of sequences, computed in this process in slices. */
export class KmerEmbedder implements Embedder {
  readonly description: EmbedderDescription;
  readonly alive = true;
  readonly #alphabet: Alphabet;

  constructor(description: EmbedderDescription, alphabet: Alphabet) {
    this.description = description;
    this.#alphabet = alphabet;
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  async embed(task: EmbedTask, items: readonly EmbedItem[], signal: AbortSignal): Promise<Float32Array> {
    signal.throwIfAborted();
    const { dim } = this.description;
    const rows = new Float32Array(items.length * dim);
    const counter = this.#alphabet === 'nucleotide' ? new CanonicalWordCounter() : new DipeptideCounter();
    const slicer = new Slicer(signal);
    const uncountable: string[] = [];
    for (const [index, { id, sequence }] of items.entries()) {
      await slicer.add(counter, sequence);
      if (!counter.finish(rows.subarray(index * dim, (index + 1) * dim))) uncountable.push(id);
    }
    if (uncountable.length > 0) task.warn?.(zeroRows(task.file, uncountable));
    return rows;
  }
}

/** Gives other work its turn every so many letters, within a sequence and across sequences. */
class Slicer {
  readonly #signal: AbortSignal;
  #left = LETTERS_PER_SLICE;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  async add(counter: WordCounter, sequence: string): Promise<void> {
    for (let start = 0; start < sequence.length;) {
      const end = Math.min(sequence.length, start + this.#left);
      counter.add(sequence, start, end);
      this.#left -= end - start;
      start = end;
      if (this.#left === 0) await this.#pause();
    }
  }

  async #pause(): Promise<void> {
    await setImmediate();
    this.#signal.throwIfAborted();
    this.#left = LETTERS_PER_SLICE;
  }
}

function zeroRows(file: string, ids: readonly string[]): string {
  const named = ids.slice(0, NAMED_IDS).join(', ');
  const rest = ids.length > NAMED_IDS ? ` and ${ids.length - NAMED_IDS} more` : '';
  return `${file}: no countable word in ${named}${rest}: rows of zeros`;
}
