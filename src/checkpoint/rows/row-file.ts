import type { BigIntStats } from 'node:fs';
import * as fs from 'node:fs';
import { promisify } from 'node:util';
import { FileChangedError } from '../../torch/index.ts';

const open = promisify(fs.open);
const read = promisify(fs.read);
const stat = promisify<number, { bigint: true }, BigIntStats>(fs.fstat);

/** What tells a file from another one, and from itself after it was written to. */
export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  /** Not ctime: a new name or other permissions do not change what was checked. */
  readonly mtimeNs: bigint;
}

export function identityOf({ dev, ino, size, mtimeNs }: BigIntStats): FileIdentity {
  return { dev, ino, size, mtimeNs };
}

/** A FIFO that has taken the place of the file must not block. */
const FLAGS = fs.constants.O_RDONLY | fs.constants.O_NONBLOCK | fs.constants.O_NOCTTY;

/**
 * One descriptor on a file that was checked before. Every read makes sure that the file still is what was checked.
 *
 * All reads throw FileChangedError or the errno error of the system call.
 */
export class RowFile {
  readonly path: string;
  readonly #descriptor: number;
  readonly #checked: FileIdentity;
  #reading = 0;
  #closed = false;

  private constructor(path: string, descriptor: number, checked: FileIdentity) {
    this.path = path;
    this.#descriptor = descriptor;
    this.#checked = checked;
  }

  /** @throws FileChangedError if `path` is no longer the file that was checked */
  static async open(path: string, checked: FileIdentity): Promise<RowFile> {
    const descriptor = await open(path, FLAGS);
    const file = new RowFile(path, descriptor, checked);
    try {
      file.#assertUnchanged(await stat(descriptor, { bigint: true }));
    } catch (error) {
      file.close();
      throw error;
    }
    return file;
  }

  /** {@link open} in the calling thread. */
  static openSync(path: string, checked: FileIdentity): RowFile {
    const descriptor = fs.openSync(path, FLAGS);
    const file = new RowFile(path, descriptor, checked);
    try {
      file.#assertUnchanged(fs.fstatSync(descriptor, { bigint: true }));
    } catch (error) {
      file.close();
      throw error;
    }
    return file;
  }

  /** Fills `into` with the bytes from `offset`. */
  async read(offset: number, into: Uint8Array): Promise<void> {
    this.#begin();
    try {
      for (let done = 0; done < into.byteLength;) {
        const { bytesRead } = await read(this.#descriptor, into, done, into.byteLength - done, offset + done);
        done += this.#progress(bytesRead, offset + done);
      }
      this.#assertUnchanged(await stat(this.#descriptor, { bigint: true }));
    } finally {
      this.#end();
    }
  }

  /** {@link read} in the calling thread. */
  readSync(offset: number, into: Uint8Array): void {
    this.#begin();
    try {
      for (let done = 0; done < into.byteLength;) {
        const bytesRead = fs.readSync(this.#descriptor, into, done, into.byteLength - done, offset + done);
        done += this.#progress(bytesRead, offset + done);
      }
      this.#assertUnchanged(fs.fstatSync(this.#descriptor, { bigint: true }));
    } finally {
      this.#end();
    }
  }

  /** Reads that run are finished first: the number of a closed descriptor may be that of another file at once. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#reading === 0) fs.closeSync(this.#descriptor);
  }

  #begin(): void {
    if (this.#closed) throw new Error(`${this.path}: rows were asked for after close()`);
    this.#reading++;
  }

  #end(): void {
    this.#reading--;
    if (this.#closed && this.#reading === 0) fs.closeSync(this.#descriptor);
  }

  #progress(bytesRead: number, at: number): number {
    if (bytesRead > 0) return bytesRead;
    throw new FileChangedError(`${this.path}: ended at byte ${at} while it was read, was ${this.#checked.size}`);
  }

  #assertUnchanged(now: FileIdentity): void {
    for (const field of ['dev', 'ino', 'size', 'mtimeNs'] as const) {
      if (now[field] === this.#checked[field]) continue;
      const change = `${field} was ${this.#checked[field]}, is ${now[field]}`;
      throw new FileChangedError(`${this.path}: changed after it was checked (${change}); open it again`);
    }
  }
}
