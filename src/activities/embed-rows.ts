import type { EmbedItem } from '../embedders/types.ts';
import { readPart } from '../sequences/index.ts';
import type { Spool } from '../spool/index.ts';
import type { BatchEmbedder } from './embed-batch.ts';
import type { LoadedTask } from './task.ts';

/**
 * Embeds what the spool lacks, batch by batch; while one batch is being made durable the next is computed.
 *
 * @param onDurable called when rows have become durable
 */
export async function embedMissingRows(
  loaded: LoadedTask,
  spool: Spool,
  batches: BatchEmbedder,
  signal: AbortSignal,
  onDurable: () => void,
): Promise<void> {
  // What a crash costs is one batch either way, so a task of one batch needs no fsync of its spool.
  const sync = loaded.shape.rows > batches.batchSize;
  const writer = new RowWriter(loaded, spool, sync, onDurable);
  onDurable();
  try {
    for await (const items of missingBatches(loaded, spool, batches, signal)) {
      for await (const { items: done, vectors } of batches.embed(items)) await writer.write(done, vectors);
    }
  } finally {
    await writer.flush();
  }
}

class RowWriter {
  readonly #first: number;
  readonly #spool: Spool;
  readonly #sync: boolean;
  readonly #onDurable: () => void;
  #inFlight: Promise<void> = Promise.resolve();

  constructor({ task }: LoadedTask, spool: Spool, sync: boolean, onDurable: () => void) {
    this.#first = task.part.first;
    this.#spool = spool;
    this.#sync = sync;
    this.#onDurable = onDurable;
  }

  /** Resolves when the rows before these are durable. */
  async write(items: readonly EmbedItem[], vectors: Float32Array): Promise<void> {
    await this.#inFlight;
    const ordinals = items.map(({ ordinal }) => ordinal - this.#first);
    this.#inFlight = this.#spool.append(ordinals, vectors, { sync: this.#sync }).then(this.#onDurable);
    this.#inFlight.catch(() => {});
  }

  flush(): Promise<void> {
    return this.#inFlight;
  }
}

async function* missingBatches(
  { plan, task, inputFile }: LoadedTask,
  spool: Spool,
  batches: BatchEmbedder,
  signal: AbortSignal,
): AsyncGenerator<EmbedItem[]> {
  const { chunkLength } = plan.header;
  const options = { gzip: task.gzip, signal, ...(chunkLength === null ? {} : { chunkLength }) };
  let batch: EmbedItem[] = [];
  for await (const window of readPart(inputFile, task.part, options)) {
    if (spool.has(window.ordinal - task.part.first)) continue;
    batch.push(window);
    if (batch.length < batches.batchSize) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
