import { FailureType } from '../../contract/failure-types.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { embedderError } from '../embedder-error.ts';
import type { Embedder, EmbedderDescription, EmbedItem, EmbedTask } from '../types.ts';
import type { ProcessSpec } from './child-process.ts';
import { EmbedderProcess } from './child-process.ts';
import { floatsFromPayload, MAX_PAYLOAD_BYTES } from './frames.ts';
import { waitOrAbort } from './wait-or-abort.ts';

/**
 * An embedder in a resident process of its own. A request is
 * `{task: {file, scratchFolder}, items: [{id, ordinal, length}]}` with the letters of all sequences as its payload; the
 * payload of the answer is the rows.
 */
export class ProcessEmbedder implements Embedder {
  readonly description: EmbedderDescription;
  readonly #spec: ProcessSpec;
  #process: EmbedderProcess | undefined;

  constructor(description: EmbedderDescription, spec: ProcessSpec) {
    this.description = description;
    this.#spec = spec;
  }

  get alive(): boolean {
    return this.#process?.alive === true;
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#process?.alive !== true) this.#process = new EmbedderProcess(this.#spec);
    await waitOrAbort(this.#process.ready, signal);
  }

  async embed(task: EmbedTask, items: readonly EmbedItem[], signal: AbortSignal): Promise<Float32Array> {
    if (this.#process === undefined) throw embedderError(`embedder ${this.description.name} has not been started`);
    const header = {
      task: { file: task.file, scratchFolder: task.scratchFolder },
      items: items.map(({ id, ordinal, sequence }) => ({ id, ordinal, length: sequence.length })),
    };
    const { payload } = await this.#process.request(header, this.#joinLetters(items), signal);
    return floatsFromPayload(payload);
  }

  #joinLetters(items: readonly EmbedItem[]): Buffer {
    let length = 0;
    for (const { sequence } of items) length += sequence.length;
    if (length > MAX_PAYLOAD_BYTES) {
      throw new VirnucproError(
        FailureType.EmbeddingOutOfMemory,
        `embedder ${this.description.name}: a batch of ${length} letters is over ${MAX_PAYLOAD_BYTES}; use smaller batches`,
      );
    }
    const letters = Buffer.allocUnsafeSlow(length);
    let at = 0;
    for (const { sequence } of items) at += letters.write(sequence, at, 'latin1');
    return letters;
  }

  async stop(): Promise<void> {
    const stopped = this.#process;
    await stopped?.stop();
    if (this.#process === stopped) this.#process = undefined;
  }
}
