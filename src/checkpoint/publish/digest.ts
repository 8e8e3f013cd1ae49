import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { OpenFile } from '../../platform/file-system.ts';
import { entryUrl } from '../../platform/entry-url.ts';
import type { FilePatch } from '../../torch/index.ts';

export const CHUNK_BYTES = 1 << 20;

/** From here on, a thread of its own saves several times what starting it takes. */
const THREAD_BYTES = 64 << 20;

/** SHA-256 of an open file as it will be once `patches` are applied. */
export async function digestFile(file: OpenFile, bytes: number, patches: readonly FilePatch[] = []): Promise<string> {
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let offset = 0; offset < bytes;) {
    const count = await file.read(chunk.subarray(0, Math.min(CHUNK_BYTES, bytes - offset)), offset);
    if (count === 0) break;
    applyPatches(chunk.subarray(0, count), offset, patches);
    hash.update(chunk.subarray(0, count));
    offset += count;
  }
  return hash.digest('hex');
}

/** A patch may lie across two chunks. */
export function applyPatches(chunk: Uint8Array, offset: number, patches: readonly FilePatch[]): void {
  for (const patch of patches) {
    for (const [index, byte] of patch.bytes.entries()) {
      const at = patch.offset + index - offset;
      if (at >= 0 && at < chunk.length) chunk[at] = byte;
    }
  }
}

/** A digest on its way in another thread. */
export interface PendingDigest {
  /** undefined if the thread could not do it. */
  readonly done: Promise<string | undefined>;
  /** Resolves when the thread no longer reads the file. */
  stop(): Promise<unknown>;
}

/** What the thread is told. */
export interface DigestTask {
  readonly descriptor: number;
  readonly bytes: number;
  readonly patches: readonly FilePatch[];
}

/**
 * {@link digestFile} in a thread of its own, which reads the same open file: stop it before the file is closed.
 *
 * @returns undefined where the file is too small for it, or no descriptor of the process
 */
export function digestInThread(
  file: OpenFile,
  bytes: number,
  patches: readonly FilePatch[],
  minBytes = THREAD_BYTES,
): PendingDigest | undefined {
  const { descriptor } = file;
  if (bytes < minBytes || descriptor === undefined) return undefined;
  const workerData: DigestTask = { descriptor, bytes, patches };
  const thread = new Worker(entryUrl(import.meta.url, './digest-thread.js'), { workerData });
  const done = new Promise<string | undefined>((resolve) => {
    thread.once('message', resolve);
    thread.once('error', () => resolve(undefined));
    thread.once('exit', () => resolve(undefined));
  });
  return { done, stop: () => thread.terminate() };
}
