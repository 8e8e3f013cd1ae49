import type { FileSystem } from './file-system.ts';
import { nodeFileSystem } from './node-file-system.ts';

/** @throws any error but that nothing is there */
export function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error) || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

/**
 * @returns nothing if there is no such folder
 * @throws errno errors
 */
export async function listOrNone(folder: string, fileSystem: FileSystem = nodeFileSystem): Promise<string[]> {
  try {
    return await fileSystem.list(folder);
  } catch (error) {
    ignoreMissing(error);
    return [];
  }
}
