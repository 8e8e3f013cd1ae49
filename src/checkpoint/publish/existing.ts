import { dirname } from 'node:path';
import type { FileSystem } from '../../platform/file-system.ts';
import type { CheckpointExpectation, PublishResult } from '../types.ts';
import { digestFile } from './digest.ts';
import { syncFolderShared } from './folder-sync.ts';
import { reopenAndCheck } from './read-back.ts';

/** What a checkpoint has to be for its work to count as done. */
export type WantedCheckpoint = Required<Omit<CheckpointExpectation, 'source'>>;

/** Why a file that is there is not the checkpoint that is wanted. */
export interface NotWanted {
  problem: string;
  /** Its ids, if they are what is not wanted. */
  ids?: readonly string[];
}

/**
 * Looks whether a complete checkpoint with these ids and this dimension is at `path`; values need not be equal, embedders
 * are not exact. If so, its name is durable when this returns: whoever linked it may have died before the folder was
 * synced, and what it was made from may be removed now.
 *
 * @returns undefined if nothing is there
 * @throws CheckpointError `unavailable`; the errno error of the system call
 */
export async function findCheckpoint(
  path: string,
  expect: WantedCheckpoint,
  fileSystem: FileSystem,
): Promise<PublishResult | NotWanted | undefined> {
  const stat = await fileSystem.stat(path);
  if (stat === undefined) return undefined;
  if (!stat.isFile) return { problem: 'it is not a regular file' };
  const place = { fileSystem, path, judgedAs: path };
  const { checked, bytes, sha256 } = await reopenAndCheck(place, { level: 'deep', expect });
  if (checked.problem?.class === 'unavailable') throw checked.problem;
  if (checked.problem) {
    const ids = checked.problem.code === 'IDS_MISMATCH' ? checked.ids?.all() : undefined;
    return { problem: checked.problem.reason, ...(ids && { ids }) };
  }
  if (checked.status === 'in_progress') return { problem: 'it is not complete' };
  await syncFolderShared(fileSystem, dirname(path));
  return {
    outcome: 'existing',
    path,
    bytes,
    sha256: sha256 ?? (await digestOf(fileSystem, path, bytes)),
    rows: expect.ids.length,
    dim: expect.dim,
  };
}

async function digestOf(fileSystem: FileSystem, path: string, bytes: number): Promise<string> {
  const file = await fileSystem.open(path, 'read');
  try {
    return await digestFile(file, bytes);
  } finally {
    await file.close();
  }
}
