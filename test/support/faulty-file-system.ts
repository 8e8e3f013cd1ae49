import { constants } from 'node:os';
import type { FileSystem, OpenFile, OpenMode } from '../../src/platform/file-system.ts';
import { nodeFileSystem } from '../../src/platform/node-file-system.ts';

export type Operation =
  | 'open'
  | 'write'
  | 'read'
  | 'readSync'
  | 'size'
  | 'truncate'
  | 'sync'
  | 'close'
  | 'link'
  | 'rename'
  | 'unlink'
  | 'removeFolder'
  | 'makeFolder'
  | 'list'
  | 'stat'
  | 'syncFolder';

export interface Call {
  /** From 1, over all operations. */
  number: number;
  operation: Operation;
  path: string;
}

/** What happens instead of the operation. `lie`: it is carried out, and then reported as failed. */
export interface Fault {
  errno: string;
  lie?: boolean;
}

export interface FaultyOptions {
  /** Asked before every operation. */
  fault?: (call: Call) => Fault | undefined;
  /** Most bytes that one write takes. */
  shortWrites?: number;
  /** Every read and write moves half of what was asked for, at least a byte. */
  halves?: boolean;
  /** Changes the bytes of a write on their way to the disk. */
  tamper?: (bytes: Uint8Array, call: Call) => Uint8Array;
}

/** Lets a call through, or says that it fails, or that it is to be carried out and fail all the same. */
interface Verdict {
  call: Call;
  fault: Fault | undefined;
}

/** Code that is broken on purpose may not know when to stop. */
const ENDLESS = 100_000;

/** A file system, the real one by default, on which chosen operations fail; {@link calls} tells what was asked for. */
export class FaultyFileSystem implements FileSystem {
  readonly calls: Call[] = [];
  readonly #options: FaultyOptions;
  readonly #inner: FileSystem;

  constructor(options: FaultyOptions = {}, inner: FileSystem = nodeFileSystem) {
    this.#options = options;
    this.#inner = inner;
  }

  async open(path: string, mode: OpenMode): Promise<OpenFile> {
    const open = (): Promise<OpenFile> => this.#inner.open(path, mode);
    const inner = await this.run('open', path, open, (file) => file.close());
    return new FaultyFile(inner, path, this, this.#options);
  }

  link(existing: string, path: string): Promise<void> {
    return this.run('link', path, () => this.#inner.link(existing, path));
  }

  rename(from: string, to: string): Promise<void> {
    return this.run('rename', to, () => this.#inner.rename(from, to));
  }

  unlink(path: string): Promise<void> {
    return this.run('unlink', path, () => this.#inner.unlink(path));
  }

  removeFolder(path: string): Promise<void> {
    return this.run('removeFolder', path, () => this.#inner.removeFolder(path));
  }

  makeFolder(path: string): Promise<void> {
    return this.run('makeFolder', path, () => this.#inner.makeFolder(path));
  }

  list(path: string): Promise<string[]> {
    return this.run('list', path, () => this.#inner.list(path));
  }

  stat(path: string): ReturnType<FileSystem['stat']> {
    return this.run('stat', path, () => this.#inner.stat(path));
  }

  syncFolder(path: string): Promise<void> {
    return this.run('syncFolder', path, () => this.#inner.syncFolder(path));
  }

  /**
   * Counts an operation and lets it succeed, fail, or succeed and be reported as failed.
   *
   * @param forget gives back what nobody will learn of
   */
  async run<Result>(
    operation: Operation,
    path: string,
    act: (call: Call) => Promise<Result>,
    forget?: (result: Result) => Promise<void>,
  ): Promise<Result> {
    const { call, fault } = this.begin(operation, path);
    if (fault === undefined) return act(call);
    if (fault.lie) {
      const result = await act(call);
      await forget?.(result);
    }
    throw errnoError(fault.errno, operation);
  }

  begin(operation: Operation, path: string): Verdict {
    const call = { number: this.calls.length + 1, operation, path };
    this.calls.push(call);
    if (call.number > ENDLESS) throw new Error(`${ENDLESS} operations, and no end`);
    return { call, fault: this.#options.fault?.(call) };
  }
}

class FaultyFile implements OpenFile {
  readonly #inner: OpenFile;
  readonly #path: string;
  readonly #system: FaultyFileSystem;
  readonly #options: FaultyOptions;

  constructor(inner: OpenFile, path: string, system: FaultyFileSystem, options: FaultyOptions) {
    this.#inner = inner;
    this.#path = path;
    this.#system = system;
    this.#options = options;
  }

  write(bytes: Uint8Array, position: number): Promise<number> {
    const taken = this.#part(bytes).subarray(0, this.#options.shortWrites ?? bytes.byteLength);
    return this.#system.run('write', this.#path, (call) => {
      return this.#inner.write(this.#options.tamper?.(taken, call) ?? taken, position);
    });
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return this.#system.run('read', this.#path, () => this.#inner.read(this.#part(into), position));
  }

  readSync(into: Uint8Array, position: number): number {
    const { fault } = this.#system.begin('readSync', this.#path);
    if (fault !== undefined) throw errnoError(fault.errno, 'read');
    return this.#inner.readSync(this.#part(into), position);
  }

  size(): Promise<number> {
    return this.#system.run('size', this.#path, () => this.#inner.size());
  }

  truncate(size: number): Promise<void> {
    return this.#system.run('truncate', this.#path, () => this.#inner.truncate(size));
  }

  sync(): Promise<void> {
    return this.#system.run('sync', this.#path, () => this.#inner.sync());
  }

  #part(bytes: Uint8Array): Uint8Array {
    return this.#options.halves ? bytes.subarray(0, Math.ceil(bytes.length / 2)) : bytes;
  }

  /** The descriptor is gone even when close(2) fails. */
  close(): Promise<void> {
    const closed = this.#inner.close();
    closed.catch(() => undefined);
    return this.#system.run('close', this.#path, () => closed);
  }
}

/** An error as a failed system call gives it. */
export function errnoError(code: string, syscall: string): NodeJS.ErrnoException {
  const number = (constants.errno as Record<string, number>)[code] ?? 0;
  return Object.assign(new Error(`${code}: injected, ${syscall}`), { code, errno: -number, syscall });
}
