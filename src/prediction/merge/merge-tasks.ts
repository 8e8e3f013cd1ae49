import type { MessagePort } from 'node:worker_threads';
import type { TransferableError } from '../../checkpoint/transferable-error.ts';
import type { SideCheck, SideCheckpoint } from './side-rows.ts';

/** One part: two checkpoints, and the merged one that belongs to them. */
export interface MergePart {
  /** Absolute path of the nucleotide split file, whose ids and order count. */
  split: string;
  nucleotide: SideCheckpoint;
  protein: SideCheckpoint;
  /** How closely both are checked. */
  level: SideCheck['level'];
  /** Absolute path of the merged checkpoint. */
  target: string;
}

/** Sequences that a merged checkpoint does without. */
export interface MissingSequences {
  count: number;
  /** The first five. */
  ids: string[];
}

/** A merged checkpoint that is what it has to be. */
export interface MergedPart {
  rows: number;
  bytes: number;
  /** Of the whole file. */
  sha256: string;
  missing: MissingSequences;
}

/** Something else is where the merged checkpoint has to be. */
export interface BadPart {
  bad: 'corrupted' | 'incompatible' | 'in_progress';
  /** `corrupted: …` or `incompatible: …` */
  reason: string;
}

/** Neither judged nor written: an embedding that it needs is not there or not sound. */
export interface LackingPart {
  lacking: TransferableError;
}

/** Messages to `port`: rows that were judged or written so far. What arrives on it aborts the task. */
export interface MergeInput {
  part: MergePart;
  port: MessagePort;
}

export interface JudgeInput extends MergeInput {
  /** Believes the content: rows are counted, not compared. */
  trustContent: boolean;
}

export type MergeReply<Result> = { result: Result } | LackingPart | { error: TransferableError };

/** What `merge-thread.ts` can do. */
export interface MergeTasks {
  /** Compares a merged checkpoint that is there with its embeddings, bit by bit. */
  judge(input: JudgeInput): Promise<MergeReply<MergedPart | BadPart>>;
  /** Publishes a merged checkpoint. `existing`: another process had done so first; it is to be judged. */
  write(input: MergeInput): Promise<MergeReply<MergedPart | 'existing'>>;
}
