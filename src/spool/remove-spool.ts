import { rm } from 'node:fs/promises';

/**
 * Removes the spool of a task that is done. A folder that is gone already is fine; a file that appears meanwhile (a
 * zombie attempt's) makes it look again.
 *
 * @throws errno errors
 */
export async function removeSpool(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3, retryDelay: 100 });
}
