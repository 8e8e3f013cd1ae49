import type { FileHandle } from 'node:fs/promises';
import { open, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { inputError } from './input-error.ts';

const READ_BYTES = 256 * 1024;

/** Bytes of an input file as they are embedded: inflated where the file is gzip. */
export interface Content {
  readonly gzip: boolean;
  /** Closes the file when it ends or is left early. */
  readonly chunks: AsyncGenerator<Buffer, void, undefined>;
}

/**
 * Opens an input file; its first two bytes (1f 8b, RFC 1952) decide whether it is inflated, never its name.
 *
 * @param start offset in the file to begin at; only plain files can be entered in the middle
 * @throws VirnucproError `RunError.InvalidInput` if it is not a regular file, and, while it is read, if the gzip data
 *   are truncated or damaged; errno errors pass through
 */
export async function openContent(path: string, signal?: AbortSignal, start = 0): Promise<Content> {
  signal?.throwIfAborted();
  const found = await stat(path);
  if (found.isDirectory()) throw inputError(`${path}: is a folder, expected a FASTA file`);
  // Opening a pipe would wait for its writer, and an input is read more than once.
  if (!found.isFile()) throw inputError(`${path}: is not a regular file; pass data from a pipe with "-"`);
  const handle = await open(path, 'r');
  try {
    const first = await readChunk(handle, 0, found.size);
    const gzip = first[0] === 0x1f && first[1] === 0x8b;
    if (gzip) return { gzip, chunks: inflate(path, readChunks(handle, first, 0, found.size, signal)) };
    const head = start < first.length ? first.subarray(start) : undefined;
    return { gzip, chunks: readChunks(handle, head, start, found.size, signal) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Reads up to the size that the file had when it was opened: what is added meanwhile is not part of the input. */
async function readChunk(handle: FileHandle, position: number, size: number): Promise<Buffer> {
  const length = Math.min(READ_BYTES, size - position);
  if (length <= 0) return Buffer.alloc(0);
  const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

/**
 * @param head what was read at `start` already
 * @param size of the file when it was opened
 */
async function* readChunks(
  handle: FileHandle,
  head: Buffer | undefined,
  start: number,
  size: number,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, void> {
  try {
    let chunk = head ?? (await readChunk(handle, start, size));
    for (let position = start; chunk.length > 0; chunk = await readChunk(handle, position, size)) {
      position += chunk.length;
      yield chunk;
      signal?.throwIfAborted();
    }
  } finally {
    await handle.close();
  }
}

async function* inflate(path: string, raw: AsyncGenerator<Buffer, void>): AsyncGenerator<Buffer, void> {
  const gunzip = createGunzip({ chunkSize: READ_BYTES });
  // A failure of either side destroys both; the loop below throws it.
  pipeline(raw, gunzip, () => undefined);
  try {
    for await (const chunk of gunzip) yield chunk as Buffer;
  } catch (error) {
    throw gzipError(path, error);
  } finally {
    gunzip.destroy();
  }
}

function gzipError(path: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'Z_BUF_ERROR') {
    return inputError(`${path}: gzip data end too early: the file is truncated; copy or download it again`, {
      cause: error,
    });
  }
  if (code?.startsWith('Z_') !== true) return error;
  const reason = (error as Error).message;
  return inputError(`${path}: gzip data are damaged (${reason}); copy or download the file again`, { cause: error });
}
