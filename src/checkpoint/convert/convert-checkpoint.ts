import { stat } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';
import { dirname } from 'node:path';
import { FailureType } from '../../contract/failure-types.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { runAbortable } from '../abortable-task.ts';
import { errnoOf, incompatible } from '../errors.ts';
import { kindFromName } from '../kinds.ts';
import { indexInThread } from '../open-checkpoint.ts';
import type { PackedCheckpoint } from '../rows/index-checkpoint.ts';
import { writtenKind } from './content.ts';
import { formatOf, idsPathOf } from './formats.ts';
import type { ConvertFormat, ConvertOptions, ConvertResult } from './types.ts';

/**
 * Copies a checkpoint of any kind and version into another file, in threads, without changing the original: into a checkpoint of
 * version 1.0 (`.pt`), a NumPy array (`.npy`, with the ids in `{stem}.ids.txt` beside it), or a safetensors file
 * (`.safetensors`, with the ids in its metadata). The extension of the output decides.
 *
 * The input is validated deep first. The output gets its name only when it is complete, synced and read back, and never replaces a
 * file. Rows are read and written in blocks: memory does not grow with the file.
 *
 * ```ts
 * const { rows, dim, dtype, ids } = await convertCheckpoint('out/a_ESM.pt', 'a.npy');
 * console.log(rows, dim, dtype, ids); // 10000 2560 float32 a.ids.txt
 * ```
 *
 * The array is C-order `[rows, dim]`, little-endian float32; float64 only where a value is not exactly a float32 (a checkpoint
 * holds float32, so there such values are rounded, and a warning counts them).
 *
 * @returns `existing` if the output was there already with the same content
 * @throws VirnucproError `RunError.InvalidInput`: an extension that is none of these, the output is the input, or its folder is
 *   not there
 * @throws CheckpointError what is wrong with the input (`NOT_COMPLETE` for one that is `in_progress`); `TARGET_TAKEN`: another
 *   file has the name of the output; `KIND_MISMATCH`: its name states another kind
 * @throws the errno error of the system call (disk full, quota, I/O), its message naming the output
 * @throws the reason of `options.signal` once it is aborted; nothing is left behind then
 */
export async function convertCheckpoint(
  input: string,
  output: string,
  options: ConvertOptions = {},
): Promise<ConvertResult> {
  const { signal } = options;
  signal?.throwIfAborted();
  const format = requireFormat(output);
  await checkPaths(input, output, format);
  const packed = await indexInThread(input, { level: 'deep', ...(signal && { signal }) });
  if (packed.status === 'in_progress') {
    const text = `status is 'in_progress': only complete checkpoints are converted; start the run again to finish it`;
    throw incompatible(input, 'NOT_COMPLETE', text);
  }
  if (format === 'pt') checkName(packed, output);
  return runAbortable('convert', { packed, output, format }, signal);
}

function requireFormat(output: string): ConvertFormat {
  const format = formatOf(output);
  if (format !== undefined) return format;
  throw invalid(`${output}: the name of the output must end in .pt, .npy or .safetensors`);
}

/** What can be said before the input is read. */
async function checkPaths(input: string, output: string, format: ConvertFormat): Promise<void> {
  const [from, to, folder] = await Promise.all([input, output, dirname(output)].map(statOrUndefined));
  if (folder === undefined || !folder.isDirectory()) {
    throw invalid(`${output}: folder ${dirname(output)} does not exist: make it first, or choose another name`);
  }
  if (from === undefined) return;
  const others = format === 'npy' ? [to, await statOrUndefined(idsPathOf(output))] : [to];
  if (others.some((other) => other !== undefined && other.dev === from.dev && other.ino === from.ino)) {
    throw invalid(`${output}: the output is the input; choose another name`);
  }
}

async function statOrUndefined(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

function checkName(packed: PackedCheckpoint, output: string): void {
  const [stated, kind] = [kindFromName(output), writtenKind(packed)];
  if (stated === undefined || stated === kind) return;
  const text = `kind does not match: the file name says ${stated}, content is ${kind}; choose another name`;
  throw incompatible(output, 'KIND_MISMATCH', text);
}

function invalid(message: string): VirnucproError {
  return new VirnucproError(FailureType.RunInvalidInput, message);
}
