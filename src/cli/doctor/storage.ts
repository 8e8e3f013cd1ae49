import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding } from './finding.ts';
import { TRIALS } from './storage-trials.ts';
import { triedFileSystem, type TriedFileSystem } from './tried-file-system.ts';

/**
 * Tries in a folder what the durability of a run rests on: exclusive creation, fsync of files and folders, hard links that
 * never replace, renames that do, appending, names, times. Everything is made in a sub-folder that is removed again.
 *
 * @param folder an existing one
 */
export async function checkStorage(folder: string, fileSystem: TriedFileSystem = triedFileSystem): Promise<Finding[]> {
  const probe = join(folder, `.virnucpro-doctor-${randomUUID()}`);
  try {
    await fileSystem.makeFolder(probe);
  } catch (error) {
    const todo = 'mend its permissions, or choose another folder with --out';
    return [{ check: 'writable', status: 'problem', message: `${folder}: ${(error as Error).message}`, todo }];
  }
  try {
    return await tryAll(probe, fileSystem);
  } finally {
    await rm(probe, { recursive: true, force: true });
  }
}

async function tryAll(probe: string, fileSystem: TriedFileSystem): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { check, what, failure, todo, run } of TRIALS) {
    try {
      findings.push({ check, ...(await run(probe, fileSystem)) });
    } catch (error) {
      findings.push({ check, status: failure, message: `${what}: ${(error as Error).message}`, todo });
      if (check === 'writable') break;
    }
  }
  return findings;
}
