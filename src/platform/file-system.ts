/** What one open file can do. `write` and `read` may be short, as the system calls are: use {@link writeAll}. */
export interface OpenFile {
  /** Of the process, for reading in another thread; undefined where the file is none of the operating system's. */
  readonly descriptor?: number | undefined;
  /** @returns bytes written, at least 1 unless `bytes` is empty */
  write(bytes: Uint8Array, position: number): Promise<number>;
  /** @returns bytes read, 0 at the end of the file */
  read(into: Uint8Array, position: number): Promise<number>;
  /** {@link read} for a thread that may block. */
  readSync(into: Uint8Array, position: number): number;
  size(): Promise<number>;
  /** Cuts the file off behind its first `size` bytes. */
  truncate(size: number): Promise<void>;
  /** fsync(2). After a failure the file must be thrown away: the kernel may have dropped the dirty pages. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export type OpenMode = 'read' | 'create-exclusive' | 'read-write';

/**
 * The file operations that durability rests on, as a port: tests replace it to fail the n-th operation or to model a
 * crash. Every method rejects with the errno error of the system call.
 */
export interface FileSystem {
  open(path: string, mode: OpenMode): Promise<OpenFile>;
  /** Creates `path` as another name of `existing`; rejects with EEXIST, never replaces. */
  link(existing: string, path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Like `rm -rf`: a folder with all that is in it, or nothing if it is not there. */
  removeFolder(path: string): Promise<void>;
  /** Like `mkdir -p`. */
  makeFolder(path: string): Promise<void>;
  list(path: string): Promise<string[]>;
  /** @returns undefined if nothing is there */
  stat(path: string): Promise<FileStat | undefined>;
  /** fsync(2) of the folder, without which a new name may not survive a crash. */
  syncFolder(path: string): Promise<void>;
}

export interface FileStat {
  readonly size: number;
  readonly isFile: boolean;
  readonly inode: bigint;
  readonly links: number;
  readonly modifiedNs: bigint;
}

/** Writes all of `bytes` at `position`, going on after short writes. */
export async function writeAll(file: OpenFile, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.byteLength) done += await file.write(bytes.subarray(done), position + done);
}
