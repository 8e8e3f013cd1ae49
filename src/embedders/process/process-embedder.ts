import { embedderError } from '../embedder-error.ts';
import type { Embedder, EmbedderDescription, EmbedItem, EmbedTask } from '../types.ts';
import type { ProcessSpec } from './child-process.ts';
import { EmbedderProcess } from './child-process.ts';
import { encodeRequest } from './encode-request.ts';
import { floatsFromPayload } from './frames.ts';
import { waitOrAbort } from './wait-or-abort.ts';

/** An embedder in a resident process of its own: see {@link encodeRequest}; the payload of the answer is the rows. */
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
    const request = encodeRequest(this.description.name, task, items);
    const { payload } = await this.#process.request(request.header, request.payload, signal);
    return floatsFromPayload(payload);
  }

  async stop(): Promise<void> {
    const stopped = this.#process;
    await stopped?.stop();
    if (this.#process === stopped) this.#process = undefined;
  }
}
