import { dirname } from 'node:path';
import type { FileSystem } from '../platform/file-system.ts';
import { syncFolder } from '../platform/sync-folder.ts';

/**
 * Makes the names of segments durable, and that of the spool's folder. The names above are those of the run, which makes
 * them before its first task.
 *
 * @throws errno errors
 */
export async function syncSpoolNames(fileSystem: FileSystem, folder: string): Promise<void> {
  await syncFolder(fileSystem, folder);
  await syncFolder(fileSystem, dirname(folder));
}
