import { join } from 'node:path';
import type { FileSystem } from '../platform/file-system.ts';
import { writeAll } from '../platform/file-system.ts';
import { claimName } from './names.ts';
import type { EpochClaim } from './types.ts';

/**
 * Claims the lowest free epoch above `highestSeen`, by creating its file exclusively.
 *
 * @returns the epoch
 * @throws errno errors, and the abort reason: an aborted attempt never claims
 */
export async function claimEpoch(
  fileSystem: FileSystem,
  folder: string,
  highestSeen: number,
  claim: EpochClaim,
  signal: AbortSignal,
): Promise<number> {
  for (let epoch = highestSeen + 1; ; epoch++) {
    signal.throwIfAborted();
    if (await tryClaim(fileSystem, join(folder, claimName(epoch)), claim)) return epoch;
  }
}

async function tryClaim(fileSystem: FileSystem, path: string, claim: EpochClaim): Promise<boolean> {
  const file = await createExclusively(fileSystem, path);
  if (file === undefined) return false;
  try {
    const text = JSON.stringify({ ...claim, claimedAt: new Date().toISOString() });
    await writeAll(file, Buffer.from(`${text}\n`), 0);
  } finally {
    await file.close();
  }
  return true;
}

async function createExclusively(fileSystem: FileSystem, path: string) {
  try {
    return await fileSystem.open(path, 'create-exclusive');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  }
}

/**
 * Whether a later attempt holds the task: the next epoch is claimed, or this one's claim is gone, because the task was done
 * and its folder removed. Files are opened by their exact names: listings and attributes lag on NFS, opening asks the server.
 */
export async function isOvertaken(fileSystem: FileSystem, folder: string, epoch: number): Promise<boolean> {
  if (await isClaimed(fileSystem, folder, epoch + 1)) return true;
  return !(await isClaimed(fileSystem, folder, epoch));
}

async function isClaimed(fileSystem: FileSystem, folder: string, epoch: number): Promise<boolean> {
  try {
    const file = await fileSystem.open(join(folder, claimName(epoch)), 'read');
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
