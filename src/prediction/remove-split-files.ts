import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import type { PredictionOutcome } from '../contract/prediction.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { sideFolder, splitNumber } from './paths.ts';
import { digestOf } from './publish-file.ts';
import { loadPredictionRequest, type PredictionInputFile } from './request.ts';
import { readStageRecord, type RecordedOutput } from './stage-record.ts';

/**
 * After a success, and unless the request keeps them: removes the split FASTA files that this package wrote itself. Those
 * that were found stay, as do those that are not what was written.
 *
 * @param digest of the request
 * @returns how many were removed
 * @throws errno errors; the reason of `signal`
 */
export async function removeSplitFiles(
  directory: string,
  digest: string,
  { outcome }: Pick<PredictionOutcome, 'outcome'>,
  signal: AbortSignal,
): Promise<number> {
  if (outcome !== 'success') return 0;
  const request = await loadPredictionRequest(directory, digest);
  if (request.keepIntermediate) return 0;
  let removed = 0;
  for (const input of request.inputs) {
    const record = await readStageRecord({ directory, request, input }, 'splitting');
    for (const output of record?.outputs.filter((one) => isSplitFile(one, input)) ?? []) {
      signal.throwIfAborted();
      if (output.kept !== true && (await removeIfOurs(directory, output))) removed++;
    }
  }
  return removed;
}

/** Whatever a record says: nothing else is ever removed. */
function isSplitFile({ path: name }: RecordedOutput, { stem }: PredictionInputFile): boolean {
  const folder = path.posix.dirname(name);
  const isSide = folder === sideFolder(stem, 'nucleotide') || folder === sideFolder(stem, 'protein');
  return isSide && splitNumber(path.posix.basename(name)) !== undefined;
}

async function removeIfOurs(directory: string, { path: name, bytes, sha256 }: RecordedOutput): Promise<boolean> {
  const file = path.join(directory, name);
  const stat = await nodeFileSystem.stat(file);
  if (stat === undefined || !stat.isFile || stat.size !== bytes) return false;
  if ((await digestOf(nodeFileSystem, file)).sha256 !== sha256) return false;
  await fs.rm(file, { force: true });
  return true;
}
