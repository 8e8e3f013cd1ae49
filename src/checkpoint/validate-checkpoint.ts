import { TorchFileError } from '../torch/index.ts';
import type { CheckedCheckpoint } from './check-source.ts';
import { openAndCheck } from './check-source.ts';
import type { CheckpointError } from './errors.ts';
import { runInThread } from './pool.ts';
import type { CheckpointCheck } from './thread-tasks.ts';
import type { CheckpointEntry, ValidateOptions } from './types.ts';

/**
 * Checks one checkpoint, in a thread. Opens it once, reads it in pieces, executes nothing and changes nothing.
 *
 * ```ts
 * const entry = await validateCheckpoint('out/a_ESM.pt', { level: 'deep' });
 * if (entry.result !== 'valid') console.error(entry.reason); // corrupted: data/3: CRC-32 …
 * ```
 *
 * @param path file to check; what it is called states an expectation, e.g. `_ESM.pt` a protein checkpoint
 * @returns never rejects because of the file: whatever is wrong with it is the entry's `result`, `code` and `reason`
 * @throws the reason of `options.signal` once it is aborted
 */
export async function validateCheckpoint(path: string, options: ValidateOptions = {}): Promise<CheckpointEntry> {
  const [entry] = await validateCheckpoints([path], options);
  return entry as CheckpointEntry;
}

/** {@link validateCheckpoint} for several paths in one thread, in order: cheaper per file where files are small. */
export async function validateCheckpoints(
  paths: readonly string[],
  options: ValidateOptions = {},
): Promise<CheckpointEntry[]> {
  return validateEach(
    paths.map((path) => ({ path })),
    options,
  );
}

/** {@link validateCheckpoints} where each file may have an expectation of its own. */
export async function validateEach(
  checks: readonly CheckpointCheck[],
  { signal, ...options }: ValidateOptions = {},
): Promise<CheckpointEntry[]> {
  return runInThread('validate', { checks, options }, { signal });
}

/** {@link validateCheckpoint} in the calling thread, which it blocks. */
export function validateCheckpointSync(path: string, options: ValidateOptions = {}): CheckpointEntry {
  const { checked, source, bytes } = openAndCheck(path, options);
  source?.close();
  return entryOf(path, checked, bytes);
}

/** @param bytes size of the file, undefined if it could not be learned */
export function entryOf(path: string, checked: CheckedCheckpoint, bytes: number | undefined): CheckpointEntry {
  const { problem } = checked;
  return {
    path,
    result: problem?.class ?? 'valid',
    ...(problem && { code: problem.code, reason: problem.reason, ...detailOf(problem) }),
    ...(checked.kind && { kind: checked.kind }),
    ...(checked.version !== undefined && { version: checked.version }),
    ...(checked.status !== undefined && { status: checked.status }),
    ...rowFields(checked),
    ...(bytes !== undefined && { bytes }),
    ...(!problem && checked.integrity && { integrity: checked.integrity }),
    ...(checked.warnings && { warnings: checked.warnings }),
  };
}

function rowFields({ rows, dim, ids }: CheckedCheckpoint): { rows?: number; dim?: number } {
  const count = rows ?? ids?.count;
  return { ...(count !== undefined && { rows: count }), ...(dim !== undefined && { dim }) };
}

/** What the reason leaves out to stay word for word that of the reference. */
function detailOf({ cause, reason }: CheckpointError): { detail?: string } {
  return cause instanceof TorchFileError && !reason.endsWith(cause.message) ? { detail: cause.message } : {};
}
