/**
 * VirNucPro checkpoints: read, checked and written without Python and without Temporal.
 *
 * ```ts
 * import { convertCheckpoint, openCheckpoint, validateCheckpoint, writeCheckpoint } from 'virnucpro-temporal/checkpoint';
 *
 * await writeCheckpoint('sample_KMER.pt', { kind: 'vectors', ids: ['a'], rows: new Float32Array(136), dim: 136 });
 * const { result, reason } = await validateCheckpoint('sample_KMER.pt', { level: 'deep' });
 * const checkpoint = await openCheckpoint('sample_KMER.pt');
 * await checkpoint.readRow(0); // Float32Array(136)
 * checkpoint.close();
 *
 * await convertCheckpoint('sample_KMER.pt', 'sample_KMER.npy'); // and sample_KMER.ids.txt
 * ```
 *
 * @module
 */
export { convertCheckpoint } from './convert/convert-checkpoint.ts';
export type { ConvertFormat, ConvertOptions, ConvertResult } from './convert/types.ts';
export { CheckpointError } from './errors.ts';
export type { CheckpointErrorClass } from './errors.ts';
export { appendFailedCheckpoint, FAILED_CHECKPOINTS_FILE, readFailedCheckpoints } from './failed-checkpoints.ts';
export type { FailedCheckpoint, MalformedLine } from './failed-checkpoints.ts';
export { inspectCheckpoint, inspectCheckpointSync } from './inspect-checkpoint.ts';
export { isCheckpointName } from './kinds.ts';
export { OpenCheckpoint, openCheckpoint, openCheckpointSync } from './open-checkpoint.ts';
export type { CheckpointRow } from './open-checkpoint.ts';
export { closeCheckpointThreads } from './pool.ts';
export { publishCheckpoint } from './publish/publish-checkpoint.ts';
export type { PublishOptions } from './publish/publish-checkpoint.ts';
export { arrayRowSource } from './row-source.ts';
export type {
  CheckpointContent,
  CheckpointEntry,
  CheckpointExpectation,
  CheckpointInspection,
  CheckpointKind,
  CheckpointResult,
  CheckpointStatus,
  FolderReport,
  KeySummary,
  PublishResult,
  RowSource,
  ValidateOptions,
  ValidationLevel,
  WrittenKind,
} from './types.ts';
export { validateCheckpoint, validateCheckpoints, validateCheckpointSync } from './validate-checkpoint.ts';
export { validateFolder } from './validate-folder.ts';
export type { ValidateFolderOptions } from './validate-folder.ts';
export { CHECKPOINT_VERSION } from './version.ts';
export { writeCheckpoint } from './write-checkpoint.ts';
export type { WriteCheckpointContent } from './write-checkpoint.ts';
