import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { errnoOf } from './errors.ts';
import { isCheckpointName } from './kinds.ts';
import { checkpointThreads } from './pool.ts';
import type { CheckpointEntry, FolderReport, ValidateOptions } from './types.ts';
import { validateCheckpoints } from './validate-checkpoint.ts';

export interface ValidateFolderOptions extends Pick<ValidateOptions, 'level' | 'requireKeys' | 'signal'> {
  /** Look into folders below, except those whose name starts with a dot. */
  recursive?: boolean;
  /** Called for each checkpoint when its check has ended, in no particular order. */
  onEntry?: (entry: CheckpointEntry) => void;
}

/** Paths per thread task: enough to make small files cheap, few enough to share out large ones. */
const MAX_BATCH = 64;
const BATCHES_PER_THREAD = 8;

/**
 * Checks every checkpoint of a folder, in threads. Changes nothing.
 *
 * ```ts
 * const { report, exitCode } = await validateFolder('out', { level: 'deep' });
 * console.log(`${report.valid} of ${report.found} are valid`);
 * ```
 *
 * @returns the document of `validate-checkpoints --json`, and the exit code that goes with it: 0 all valid, 3 at least one
 *   corrupted or incompatible, otherwise 1 if any is unavailable
 * @throws VirnucproError `RunError.InvalidInput` if the folder is missing, unreadable, or holds no checkpoint
 * @throws the reason of `options.signal` once it is aborted
 */
export async function validateFolder(
  directory: string,
  options: ValidateFolderOptions = {},
): Promise<{ report: FolderReport; exitCode: 0 | 1 | 3 }> {
  const paths = await listCheckpoints(directory, options.recursive ?? false);
  if (paths.length === 0) {
    const hint = options.recursive ? '' : '; with --recursive, folders below are searched too';
    throw invalidInput(`No checkpoint files (*.pt) found in ${directory}${hint}`);
  }
  const checkpoints = await validateAll(paths, options);
  const count = (test: (entry: CheckpointEntry) => boolean): number => checkpoints.filter(test).length;
  const report: FolderReport = {
    schema: 1,
    directory,
    level: options.level ?? 'structure',
    found: checkpoints.length,
    valid: count((entry) => entry.result === 'valid'),
    failed: count((entry) => entry.result === 'corrupted' || entry.result === 'incompatible'),
    inProgress: count((entry) => entry.result === 'valid' && entry.status === 'in_progress'),
    unavailable: count((entry) => entry.result === 'unavailable'),
    checkpoints,
  };
  return { report, exitCode: report.failed > 0 ? 3 : report.unavailable > 0 ? 1 : 0 };
}

async function validateAll(paths: readonly string[], options: ValidateFolderOptions): Promise<CheckpointEntry[]> {
  const { level, requireKeys, signal, onEntry } = options;
  const shares = checkpointThreads() * BATCHES_PER_THREAD;
  const size = Math.max(1, Math.min(MAX_BATCH, Math.ceil(paths.length / shares)));
  const batches: (readonly string[])[] = [];
  for (let at = 0; at < paths.length; at += size) batches.push(paths.slice(at, at + size));
  const checked = await Promise.all(
    batches.map(async (batch) => {
      const entries = await validateCheckpoints(batch, {
        ...(level && { level }),
        ...(requireKeys && { requireKeys }),
        ...(signal && { signal }),
      });
      if (onEntry) entries.forEach(onEntry);
      return entries;
    }),
  );
  return checked.flat();
}

/** Paths of the checkpoints of a folder, sorted: the folder as given, joined with the rest. */
async function listCheckpoints(directory: string, recursive: boolean): Promise<string[]> {
  const paths: string[] = [];
  const folders = [directory];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readFolder(folder)) {
      const path = folder.endsWith('/') ? folder + entry.name : `${folder}/${entry.name}`;
      if (isCheckpointName(entry.name)) paths.push(path);
      if (recursive && entry.isDirectory() && !entry.name.startsWith('.')) folders.push(path);
    }
  }
  return paths.toSorted();
}

async function readFolder(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT') throw invalidInput(`Folder ${folder} does not exist`, error);
    if (code === 'ENOTDIR')
      throw invalidInput(`${folder} is not a folder; for a single file use virnucpro inspect`, error);
    if (code === 'EACCES') throw invalidInput(`Folder ${folder} cannot be read: permission denied`, error);
    throw invalidInput(`Folder ${folder} cannot be read: ${(error as Error).message}`, error);
  }
}

function invalidInput(message: string, cause?: unknown): VirnucproError {
  return new VirnucproError(FailureType.RunInvalidInput, message, { cause });
}
