import type { PublishResult, WrittenKind } from '../checkpoint/types.ts';
import type { FilePart } from '../sequences/index.ts';
import type { SegmentReference, SpoolShape } from '../spool/index.ts';

/** What the publishing thread gets: where ids and rows lie and what they become. */
export interface PublishTask {
  inputFile: string;
  part: Omit<FilePart, 'ids'>;
  gzip: boolean;
  chunkLength: number | null;
  /** Removed once the checkpoint is there. */
  spoolFolder: string;
  shape: SpoolShape;
  segments: SegmentReference[];
  /** Log of the records that the segments hold no rows of, if there are any. */
  skips?: SegmentReference;
  checkpointFile: string;
  kind: WrittenKind;
}

export interface StoppableTask {
  task: PublishTask;
  /** When the attempt asked for it (ms since 1970): rows that are late are waited for from then on, not from its turn. */
  askedAt: number;
  /** One number that tells the thread to stop: not 0 once the attempt has been aborted. */
  stop: Int32Array<SharedArrayBuffer>;
}

/** A checkpoint that holds what a task is about. */
export interface SettledCheckpoint extends PublishResult {
  /** Records of the task that it does without. */
  skippedSequences: number;
}

/** Errors lose their class on the way between threads, so what is needed of them is sent as data. */
export type PublishReply =
  | { ok: true; result: SettledCheckpoint }
  | { ok: false; error: { message: string; type?: string; code?: string; syscall?: string } };
