import type { MessagePort } from 'node:worker_threads';
import type { TransferableError } from '../checkpoint/transferable-error.ts';
import type {
  CallConsensusResult,
  ChunkSequencesResult,
  ClassifySequencesResult,
  SplitSequencesResult,
  TranslateFramesResult,
} from '../contract/prediction.ts';
import type { Scores } from './count-scores.ts';
import type { StageContext } from './stage.ts';

/** A stage as it crosses to its thread. */
export interface StageTask extends Pick<StageContext, 'directory' | 'request' | 'input'> {
  /** Anything that arrives here aborts the stage; {@link StageProgress} comes back. */
  port: MessagePort;
}

export interface StageProgress {
  done: number;
  total: number | undefined;
}

export type StageReply<Result> = { result: Result } | { error: TransferableError };

/** What `stage-thread.ts` can do. */
export interface StageTasks {
  cutChunks(task: StageTask): Promise<StageReply<ChunkSequencesResult>>;
  writeFrames(task: StageTask): Promise<StageReply<TranslateFramesResult>>;
  splitSides(task: StageTask): Promise<StageReply<SplitSequencesResult>>;
  classify(task: StageTask): Promise<StageReply<ClassifySequencesResult>>;
  callConsensus(task: StageTask): Promise<StageReply<CallConsensusResult>>;
  countScores(task: StageTask): Promise<StageReply<Scores>>;
}
