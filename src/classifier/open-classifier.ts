import { ClassifierPool } from './pool.ts';
import type { ConvertedClassifier } from './thread-tasks.ts';
import type { InspectedClassifier, OpenClassifier, OpenClassifierOptions } from './types.ts';

/**
 * Reads a classifier and says what it is.
 *
 * @throws VirnucproError `RunError.InvalidInput` (no such file), `CheckpointError.Corrupted`,
 *   `CheckpointError.Incompatible` (another format, other layers or dimensions), `CheckpointError.Unavailable` (I/O);
 *   the reason of the signal
 */
export async function inspectClassifier(path: string, signal?: AbortSignal): Promise<InspectedClassifier> {
  const { facts, notes } = await onceInThread((pool) => pool.run('read', { path }, { signal }));
  return { facts, notes };
}

/**
 * Reads a classifier of any format and makes a safetensors file of it, in memory.
 *
 * @throws as {@link inspectClassifier}
 */
export function convertClassifier(path: string, signal?: AbortSignal): Promise<ConvertedClassifier> {
  return onceInThread((pool) => pool.run('convert', { path }, { signal }));
}

async function onceInThread<Result>(work: (pool: ClassifierPool) => Promise<Result>): Promise<Result> {
  const pool = new ClassifierPool(1);
  try {
    return await work(pool);
  } finally {
    await pool.close();
  }
}

/**
 * Reads a classifier and starts the threads that run it.
 *
 * @throws as {@link inspectClassifier}
 */
export async function openClassifier(path: string, options: OpenClassifierOptions = {}): Promise<OpenClassifier> {
  const { signal, threads } = options;
  const pool = new ClassifierPool(threads);
  try {
    const { facts, model } = await pool.run('read', { path }, { signal });
    return {
      facts,
      async classify(rows) {
        if (rows.length % facts.features !== 0) {
          throw new RangeError(`${rows.length} values are no rows of ${facts.features}`);
        }
        if (rows.length === 0) return new Float32Array();
        const own = withOwnBuffer(rows);
        return pool.run('classify', { model, rows: own }, { signal, transfer: [own.buffer] });
      },
      close: () => pool.close(),
    };
  } catch (error) {
    await pool.close();
    throw error;
  }
}

/** Only a whole buffer that nobody shares can be transferred. */
function withOwnBuffer(rows: Float32Array): Float32Array<ArrayBuffer> {
  const { buffer, byteLength } = rows;
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
  return isWhole ? (rows as Float32Array<ArrayBuffer>) : rows.slice();
}
