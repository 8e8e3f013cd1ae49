import type { PublishResult, WrittenKind } from '../checkpoint/types.ts';
import type { SegmentReference, SpoolShape } from '../spool/index.ts';

/** What the publishing thread gets: where the rows lie and what they become. */
export interface PublishTask {
  spoolFolder: string;
  shape: SpoolShape;
  segments: SegmentReference[];
  checkpointFile: string;
  kind: WrittenKind;
  ids: string[];
}

/** Errors lose their class on the way between threads, so what is needed of them is sent as data. */
export type PublishReply =
  | { ok: true; result: PublishResult }
  | { ok: false; error: { message: string; type?: string; code?: string; syscall?: string } };
