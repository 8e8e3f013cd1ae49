import type { MessagePort } from 'node:worker_threads';
import type { ConvertFormat, ConvertResult } from './convert/types.ts';
import type { PackedCheckpoint } from './rows/index-checkpoint.ts';
import type { TransferableError } from './transferable-error.ts';
import type {
  CheckpointEntry,
  CheckpointExpectation,
  CheckpointInspection,
  PublishResult,
  ValidateOptions,
  WrittenKind,
} from './types.ts';

/** Content for `write`, as it crosses to the thread. */
export interface WriteInput {
  path: string;
  kind: WrittenKind;
  ids: readonly string[];
  values: Float32Array;
  dim: number;
  /** Anything that arrives here aborts the write. */
  abortPort?: MessagePort | undefined;
}

/** A conversion whose input has been checked, as it crosses to the thread. */
export interface ConvertInput {
  packed: PackedCheckpoint;
  output: string;
  format: ConvertFormat;
  /** Anything that arrives here aborts the conversion. */
  abortPort: MessagePort;
}

/** A file to check, and what it should be where that is not the same for all. */
export interface CheckpointCheck {
  path: string;
  expect?: CheckpointExpectation;
}

/** What `checkpoint-thread.ts` can do. */
export interface CheckpointTasks {
  validate(input: { checks: readonly CheckpointCheck[]; options: ValidateOptions }): CheckpointEntry[];
  inspect(input: { path: string }): CheckpointInspection;
  index(input: { path: string; options: ValidateOptions }): { packed: PackedCheckpoint } | { error: TransferableError };
  convert(input: ConvertInput): Promise<{ result: ConvertResult } | { error: TransferableError }>;
  write(input: WriteInput): Promise<{ result: PublishResult } | { error: TransferableError }>;
}
