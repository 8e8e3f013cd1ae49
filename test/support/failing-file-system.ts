import type { FileSystem, OpenFile } from '../../src/platform/file-system.ts';
import { nodeFileSystem } from '../../src/platform/node-file-system.ts';

/** One call of a method of the port, as a rule sees it. */
export interface Operation {
  /** From 1, over all operations of this file system. */
  number: number;
  name: keyof FileSystem | keyof OpenFile;
  path: string;
}

/** The error that an operation rejects with instead of being carried out; undefined lets it through. */
export type FailureRule = (operation: Operation) => Error | undefined;

export function errnoError(code: string, operation: Operation): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${operation.name} '${operation.path}'`), { code });
}

/** The real file system, except that a rule makes chosen operations fail, and that writes are as short as they may be. */
export class FailingFileSystem implements FileSystem {
  readonly operations: Operation[] = [];
  readonly #rule: FailureRule;

  constructor(rule: FailureRule = () => undefined) {
    this.#rule = rule;
  }

  readonly check = (name: Operation['name'], path: string): void => {
    const operation = { number: this.operations.length + 1, name, path };
    this.operations.push(operation);
    const error = this.#rule(operation);
    if (error !== undefined) throw error;
  };

  async open(path: string, mode: Parameters<FileSystem['open']>[1]): Promise<OpenFile> {
    this.check('open', path);
    return new FailingFile(this, path, await nodeFileSystem.open(path, mode));
  }

  async link(existing: string, path: string): Promise<void> {
    this.check('link', path);
    return nodeFileSystem.link(existing, path);
  }

  async rename(from: string, to: string): Promise<void> {
    this.check('rename', to);
    return nodeFileSystem.rename(from, to);
  }

  async unlink(path: string): Promise<void> {
    this.check('unlink', path);
    return nodeFileSystem.unlink(path);
  }

  async makeFolder(path: string): Promise<void> {
    this.check('makeFolder', path);
    return nodeFileSystem.makeFolder(path);
  }

  async list(path: string): Promise<string[]> {
    this.check('list', path);
    return nodeFileSystem.list(path);
  }

  async stat(path: string): ReturnType<FileSystem['stat']> {
    this.check('stat', path);
    return nodeFileSystem.stat(path);
  }

  async syncFolder(path: string): Promise<void> {
    this.check('syncFolder', path);
    return nodeFileSystem.syncFolder(path);
  }
}

class FailingFile implements OpenFile {
  readonly #owner: FailingFileSystem;
  readonly #path: string;
  readonly #file: OpenFile;

  constructor(owner: FailingFileSystem, path: string, file: OpenFile) {
    this.#owner = owner;
    this.#path = path;
    this.#file = file;
  }

  async write(bytes: Uint8Array, position: number): Promise<number> {
    this.#owner.check('write', this.#path);
    return this.#file.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), position);
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    this.#owner.check('read', this.#path);
    return this.#file.read(into.subarray(0, Math.ceil(into.length / 2)), position);
  }

  async size(): Promise<number> {
    this.#owner.check('size', this.#path);
    return this.#file.size();
  }

  async sync(): Promise<void> {
    this.#owner.check('sync', this.#path);
    return this.#file.sync();
  }

  async close(): Promise<void> {
    // The descriptor is gone even if close(2) reports an error.
    await this.#file.close();
    this.#owner.check('close', this.#path);
  }
}
