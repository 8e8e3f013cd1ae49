import type { FileSystem } from '../platform/file-system.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';

/**
 * Removes the spool of a task that is done: its checkpoint has to be durable under its name before. A folder that is gone
 * already is fine.
 *
 * @throws errno errors
 */
export function removeSpool(folder: string, fileSystem: FileSystem = nodeFileSystem): Promise<void> {
  return fileSystem.removeFolder(folder);
}
