import * as path from 'node:path';
import { appendFailedCheckpoint } from '../../checkpoint/failed-checkpoints.ts';
import { CheckpointError } from '../../checkpoint/errors.ts';
import { ignoreMissing } from '../../platform/missing.ts';
import { nodeFileSystem } from '../../platform/node-file-system.ts';
import { syncFolder } from '../../platform/sync-folder.ts';
import type { StageContext } from '../stage.ts';

/**
 * Embeddings that are there and cannot be merged: damaged since they were written, where only reading every byte tells.
 * Each is listed in failed_checkpoints.txt. Where bad checkpoints are to be made anew they are renamed to
 * `{name}.bad-{time}`, so that they are embedded again.
 *
 * @throws the first of them, unless bad checkpoints are to be skipped, or to be made anew by a caller who has them embedded
 *   again; errno errors
 */
export async function settleUnsound(
  { directory, request }: Pick<StageContext, 'directory' | 'request'>,
  unsound: readonly CheckpointError[],
  { embedAgain }: { embedAgain: boolean },
): Promise<void> {
  const [first] = unsound;
  if (first === undefined) return;
  for (const { path: file, reason } of unsound) await appendFailedCheckpoint(directory, { path: file, reason });
  const { onBadCheckpoint } = request;
  if (onBadCheckpoint === 'skip') return;
  if (onBadCheckpoint === 'recompute') {
    await moveAside(unsound.map((one) => one.path));
    if (embedAgain) return;
  }
  const more = unsound.length === 1 ? '' : ` (and ${unsound.length - 1} more, see failed_checkpoints.txt)`;
  throw saying(first, `${more}; ${REMEDY[onBadCheckpoint]}`);
}

const REMEDY = {
  fail: 'put the file back from a copy, or start again with --on-bad-checkpoint recompute',
  recompute: 'moved out of the way: start again, and it is embedded anew',
};

async function moveAside(files: readonly string[]): Promise<void> {
  const stamp = new Date().toISOString().replaceAll(/[-:]/g, '');
  for (const file of files) await nodeFileSystem.rename(file, `${file}.bad-${stamp}`).catch(ignoreMissing);
  for (const folder of new Set(files.map((file) => path.dirname(file)))) await syncFolder(nodeFileSystem, folder);
}

function saying({ class: kind, code, path: file, reason }: CheckpointError, more: string): CheckpointError {
  const text = `${reason.slice(`${kind}: `.length)}${more}`;
  return new CheckpointError({ class: kind, code, text, path: file });
}
