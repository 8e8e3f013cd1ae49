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
  checkpointFile: string;
  kind: WrittenKind;
}

/** A task, and the one number that tells the thread to stop: not 0 once the attempt has been aborted. */
export interface StoppableTask {
  task: PublishTask;
  stop: Int32Array<SharedArrayBuffer>;
}

/** Errors lose their class on the way between threads, so what is needed of them is sent as data. */
export type PublishReply =
  | { ok: true; result: PublishResult }
  | { ok: false; error: { message: string; type?: string; code?: string; syscall?: string } };
