import { constants, readSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { dirname } from 'node:path';
import type { FileStat, FileSystem, OpenFile } from './file-system.ts';
import { fileStat, OPEN_FLAGS, REMOVE_FOLDER } from './system-calls.ts';

class NodeOpenFile implements OpenFile {
  readonly #handle: fs.FileHandle;

  constructor(handle: fs.FileHandle) {
    this.#handle = handle;
  }

  get descriptor(): number {
    return this.#handle.fd;
  }

  async write(bytes: Uint8Array, position: number): Promise<number> {
    return (await this.#handle.write(bytes, 0, bytes.byteLength, position)).bytesWritten;
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    return (await this.#handle.read(into, 0, into.byteLength, position)).bytesRead;
  }

  readSync(into: Uint8Array, position: number): number {
    return readSync(this.#handle.fd, into, 0, into.byteLength, position);
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  truncate(size: number): Promise<void> {
    return this.#handle.truncate(size);
  }

  sync(): Promise<void> {
    return this.#handle.sync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

async function statOrUndefined(path: string): Promise<FileStat | undefined> {
  try {
    const found = await fs.stat(path, { bigint: true });
    return fileStat(found);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await fs.open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Node's own recursive mkdir never ends where a folder exists that nothing can be made in with ENOENT, such as /proc.
 */
async function makeFolder(path: string): Promise<void> {
  try {
    await fs.mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await fs.stat(path)).isDirectory()) return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await fs.mkdir(path).catch(ignoreExisting);
  }
}

/** Another process may have been faster. */
function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

/** The real file system. */
export const nodeFileSystem: FileSystem = {
  open: async (path, mode) => new NodeOpenFile(await fs.open(path, OPEN_FLAGS[mode], 0o666)),
  link: (existing, path) => fs.link(existing, path),
  rename: (from, to) => fs.rename(from, to),
  unlink: (path) => fs.unlink(path),
  removeFolder: (path) => fs.rm(path, REMOVE_FOLDER),
  makeFolder,
  list: (path) => fs.readdir(path),
  stat: statOrUndefined,
  syncFolder,
};
