import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { sweepAbandonedTemps } from '../platform/temp-files.ts';
import { INTERNAL_FOLDER, internal } from './run-folder.ts';

/**
 * Removes what processes that are gone have left half-written in a run folder and in its internal folder: temporary files
 * of checkpoints, lists and records, by whomever. Spools hold none. Safe at any time, and never throws.
 */
export async function sweepRunFolder(directory: string): Promise<void> {
  await sweepAbandonedTemps(directory);
  const folders = [INTERNAL_FOLDER];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    await sweepAbandonedTemps(path.join(directory, folder));
    folders.push(...(await foldersIn(directory, folder)));
  }
}

/** Relative to the run folder, with `/`. */
async function foldersIn(directory: string, folder: string): Promise<string[]> {
  try {
    const entries = await fs.readdir(path.join(directory, folder), { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => path.posix.join(folder, name));
    return names.filter((name) => name !== internal.spool);
  } catch {
    return [];
  }
}
