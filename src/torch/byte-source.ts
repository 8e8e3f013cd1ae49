import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { FileChangedError, TorchFileError } from './errors.ts';

/**
 * Random access to the bytes of one file, synchronous because parsing runs in a worker thread of its own.
 * The one read primitive of this folder: it delivers every byte asked for or throws.
 */
export interface ByteSource {
  /** Bytes. */
  readonly size: number;
  /**
   * Fills `into` with the bytes that start at `offset`.
   *
   * @throws TorchFileError `TRUNCATED` if the range is not inside the file
   * @throws FileChangedError if the file has become shorter than `size`
   */
  readInto(offset: number, into: Uint8Array): void;
}

/** A file on disk, one descriptor for everything that is read from it. */
export interface FileSource extends ByteSource {
  readonly path: string;
  /** Open until {@link close}, for every thread of the process. */
  readonly descriptor: number;
  /** False for folders, FIFOs, devices and sockets, from which nothing may be read. */
  readonly isFile: boolean;
  /**
   * @throws FileChangedError if device, inode, size, mtime or ctime differ from those at opening
   */
  assertUnchanged(): void;
  close(): void;
}

/**
 * The system call takes at most 0x7ffff000 bytes at once on Linux; smaller reads also keep a thread responsive to
 * `terminate()`.
 */
const MAX_READ = 1 << 26;

function assertInside(size: number, offset: number, length: number): void {
  if (offset >= 0 && offset + length <= size) return;
  throw new TorchFileError('TRUNCATED', `${length} bytes at offset ${offset} are outside the file of ${size} bytes`, {
    offset,
  });
}

class DescriptorSource implements FileSource {
  readonly path: string;
  readonly descriptor: number;
  readonly size: number;
  readonly isFile: boolean;
  readonly #opened: BigIntStats;
  #closed = false;

  constructor(path: string, descriptor: number, opened: BigIntStats) {
    this.path = path;
    this.descriptor = descriptor;
    this.#opened = opened;
    this.size = Number(opened.size);
    this.isFile = opened.isFile();
  }

  readInto(offset: number, into: Uint8Array): void {
    assertInside(this.size, offset, into.byteLength);
    let done = 0;
    while (done < into.byteLength) {
      const wanted = Math.min(into.byteLength - done, MAX_READ);
      const got = readSync(this.descriptor, into, done, wanted, offset + done);
      if (got === 0) {
        throw new FileChangedError(`${this.path}: ended at byte ${offset + done} while it was read, was ${this.size}`);
      }
      done += got;
    }
  }

  assertUnchanged(): void {
    const now = fstatSync(this.descriptor, { bigint: true });
    for (const field of ['dev', 'ino', 'size', 'mtimeNs', 'ctimeNs'] as const) {
      if (now[field] === this.#opened[field]) continue;
      throw new FileChangedError(
        `${this.path}: changed while it was read (${field} was ${this.#opened[field]}, is ${now[field]})`,
      );
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.descriptor);
  }
}

/**
 * Opens `path` for reading without ever blocking (a FIFO without a writer opens, with `isFile: false`).
 *
 * @throws the errno error of open(2) or fstat(2)
 */
export function openFileSource(path: string): FileSource {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    return new DescriptorSource(path, descriptor, fstatSync(descriptor, { bigint: true }));
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** The same port over bytes in memory. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.byteLength,
    readInto(offset, into) {
      assertInside(bytes.byteLength, offset, into.byteLength);
      into.set(bytes.subarray(offset, offset + into.byteLength));
    },
  };
}

/** @returns `length` bytes from `offset`, in a buffer of their own */
export function readBytes(source: ByteSource, offset: number, length: number): Buffer {
  assertInside(source.size, offset, length);
  const bytes = Buffer.allocUnsafe(length);
  source.readInto(offset, bytes);
  return bytes;
}
