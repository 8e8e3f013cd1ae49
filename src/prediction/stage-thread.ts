import { packError } from '../checkpoint/transferable-error.ts';
import { callConsensusHere } from './call-consensus.ts';
import { classifyHere } from './classify-here.ts';
import { countScoresHere } from './count-scores.ts';
import { cutChunksHere } from './cut-chunks.ts';
import type { StageRun } from './settle-stage.ts';
import { splitSidesHere } from './split-sides.ts';
import type { StageProgress, StageReply, StageTask, StageTasks } from './stage-tasks.ts';
import { writeFramesHere } from './write-frames.ts';

/** Often enough for a bar, seldom enough to cost nothing. */
const PROGRESS_MS = 200;

/** Runs in a thread: reading, cutting and translating take a processor for seconds and must not delay a heartbeat. */
function inThread<Result>(stage: (run: StageRun) => Promise<Result>) {
  return async ({ port, ...task }: StageTask): Promise<StageReply<Result>> => {
    const controller = new AbortController();
    port.once('message', () => controller.abort());
    let toldAt = 0;
    const onProgress = (done: number, total?: number): void => {
      if (Date.now() - toldAt < PROGRESS_MS) return;
      toldAt = Date.now();
      const progress: StageProgress = { done, total };
      port.postMessage(progress);
    };
    try {
      return { result: await stage({ ...task, signal: controller.signal, onProgress }) };
    } catch (error) {
      return { error: packError(error) };
    } finally {
      port.close();
    }
  };
}

export const cutChunks: StageTasks['cutChunks'] = inThread(cutChunksHere);
export const writeFrames: StageTasks['writeFrames'] = inThread(writeFramesHere);
export const splitSides: StageTasks['splitSides'] = inThread(splitSidesHere);
export const classify: StageTasks['classify'] = inThread(classifyHere);
export const callConsensus: StageTasks['callConsensus'] = inThread(callConsensusHere);
export const countScores: StageTasks['countScores'] = inThread(countScoresHere);
