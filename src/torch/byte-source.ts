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
  /** False for folders, FIFOs, devices and sockets, from which nothing may be read. */
  readonly isFile: boolean;
  /**
   * @throws FileChangedError if device, inode, size, mtime or ctime differ from those at opening
   */
  assertUnchanged(): void;
  close(): void;
}

/**
 * Opens `path` for reading without ever blocking (a FIFO without a writer opens, with `isFile: false`).
 *
 * @throws the errno error of open(2) or fstat(2)
 */
export function openFileSource(path: string): FileSource {
  throw new Error(`not written yet: ${path}`);
}

/** The same port over bytes in memory. */
export function memorySource(bytes: Uint8Array): ByteSource {
  throw new Error(`not written yet: ${bytes.length}`);
}

/** @returns `length` bytes from `offset`, in a buffer of their own */
export function readBytes(source: ByteSource, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  source.readInto(offset, bytes);
  return bytes;
}
