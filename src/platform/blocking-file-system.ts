import * as fs from 'node:fs';
import type { FileStat, FileSystem, OpenFile } from './file-system.ts';
import { fileStat, OPEN_FLAGS, REMOVE_FOLDER } from './system-calls.ts';

class BlockingOpenFile implements OpenFile {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  async write(bytes: Uint8Array, position: number): Promise<number> {
    return fs.writeSync(this.#fd, bytes, 0, bytes.byteLength, position);
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    return fs.readSync(this.#fd, into, 0, into.byteLength, position);
  }

  readSync(into: Uint8Array, position: number): number {
    return fs.readSync(this.#fd, into, 0, into.byteLength, position);
  }

  async size(): Promise<number> {
    return fs.fstatSync(this.#fd).size;
  }

  async truncate(size: number): Promise<void> {
    fs.ftruncateSync(this.#fd, size);
  }

  async sync(): Promise<void> {
    fs.fsyncSync(this.#fd);
  }

  async close(): Promise<void> {
    fs.closeSync(this.#fd);
  }
}

async function statOrUndefined(path: string): Promise<FileStat | undefined> {
  const found = fs.statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? undefined : fileStat(found);
}

async function syncFolder(path: string): Promise<void> {
  const fd = fs.openSync(path, fs.constants.O_RDONLY);
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/**
 * The real file system for a thread that does nothing else: its calls block, which saves the hand-over to libuv's pool, a
 * multiple of what the calls on a small file take. Never for an event loop that others share.
 */
export const blockingFileSystem: FileSystem = {
  open: async (path, mode) => new BlockingOpenFile(fs.openSync(path, OPEN_FLAGS[mode], 0o666)),
  link: async (existing, path) => fs.linkSync(existing, path),
  rename: async (from, to) => fs.renameSync(from, to),
  unlink: async (path) => fs.unlinkSync(path),
  removeFolder: async (path) => fs.rmSync(path, REMOVE_FOLDER),
  makeFolder: async (path) => void fs.mkdirSync(path, { recursive: true }),
  list: async (path) => fs.readdirSync(path),
  stat: statOrUndefined,
  syncFolder,
};
