import type { MessagePort } from 'node:worker_threads';
import type { Conversion } from './convert/convert-indexed.ts';
import type { ConvertResult } from './convert/types.ts';
import type { IndexedCheckpoint } from './rows/index-checkpoint.ts';
import type { TransferableError } from './transferable-error.ts';
import type { CheckpointEntry, CheckpointInspection, PublishResult, ValidateOptions, WrittenKind } from './types.ts';

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

/** What `checkpoint-thread.ts` can do. */
export interface CheckpointTasks {
  validate(input: { paths: readonly string[]; options: ValidateOptions }): CheckpointEntry[];
  inspect(input: { path: string }): CheckpointInspection;
  index(input: {
    path: string;
    options: ValidateOptions;
  }): { indexed: IndexedCheckpoint } | { error: TransferableError };
  /** Anything that arrives at the port aborts the conversion. */
  convert(
    input: Conversion & { abortPort: MessagePort },
  ): Promise<{ result: ConvertResult } | { error: TransferableError }>;
  write(input: WriteInput): Promise<{ result: PublishResult } | { error: TransferableError }>;
}
