import { appendFile, readFile } from 'node:fs/promises';
import type { FileSystem } from '../../platform/file-system.ts';
import { nodeFileSystem } from '../../platform/node-file-system.ts';

/** What is tried in a folder; a port for the tests. */
export interface TriedFileSystem extends FileSystem {
  /** Opens with O_APPEND, writes, closes. */
  append(path: string, bytes: Uint8Array): Promise<void>;
  readAll(path: string): Promise<Uint8Array>;
}

export const triedFileSystem: TriedFileSystem = {
  ...nodeFileSystem,
  append: appendFile,
  readAll: (path) => readFile(path),
};
