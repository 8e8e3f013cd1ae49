import { dirname } from 'node:path';
import type { FileSystem } from './file-system.ts';

/**
 * fsync of a folder, which makes the names in it durable.
 *
 * @throws errno errors
 */
export async function syncFolder(fileSystem: FileSystem, folder: string): Promise<void> {
  try {
    await fileSystem.syncFolder(folder);
  } catch (error) {
    // Some network file systems cannot sync folders at all and say so with EINVAL; their names are durable on return.
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
  }
}

/**
 * Makes a folder, and those above it that are missing, under names that survive a crash. One that is there already may
 * have been made by a process that died before it could sync, so its name is synced too.
 *
 * @throws errno errors
 */
export async function makeDurableFolder(fileSystem: FileSystem, folder: string): Promise<void> {
  const parent = dirname(folder);
  if (parent !== folder && (await fileSystem.stat(parent)) === undefined) await makeDurableFolder(fileSystem, parent);
  await fileSystem.makeFolder(folder);
  try {
    await syncFolder(fileSystem, parent);
  } catch (error) {
    // A folder that one may pass through but not read, or cannot write: what is in it was made by others, long ago.
    if (!FOREIGN.has((error as NodeJS.ErrnoException).code)) throw error;
  }
}

const FOREIGN: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'EROFS']);
