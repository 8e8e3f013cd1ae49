import { log } from '@temporalio/workflow';
import type {
  OpenInput,
  PredictionActivities,
  PredictionStage,
  PredictionStageInput,
  SplitSequencesResult,
} from '../contract/prediction.ts';
import type { PauseGate } from './pause.ts';
import type { PredictionState } from './prediction-state.ts';
import type { SideRuns } from './side-runs.ts';

/**
 * How often an input is embedded before merging fails on damaged embeddings: storage that spoils what it has just been given
 * would be written to for ever.
 */
const MAX_ROUNDS = 3;

/** What the stages of every input have in common. */
export interface PredictionParts {
  stages: PredictionActivities;
  sides: SideRuns;
  gate: PauseGate;
  state: PredictionState;
}

/** Takes one input through every stage; each waits while the prediction is paused. */
export async function predictInput(stage: PredictionStageInput, parts: PredictionParts): Promise<void> {
  const { stages, state } = parts;
  const input = await enter(stage, 'chunking', parts);
  input.stem = (await stages.chunkSequences(stage)).stem;
  await enter(stage, 'translating', parts);
  const { sequences } = await stages.translateFrames(stage);
  input.sequences = sequences;
  // Without a frame that is free of stops there is nothing to embed or to merge, and the results have no rows.
  if (sequences > 0) {
    await enter(stage, 'splitting', parts);
    const split = await stages.splitSequences(stage);
    if (await embedAndMerge(stage, split, parts)) state.partial = true;
  }
  await enter(stage, 'classifying', parts);
  await stages.classifySequences(stage);
  await enter(stage, 'consensus', parts);
  await stages.callConsensus(stage);
  state.leave(stage.index);
}

async function enter(
  { index }: PredictionStageInput,
  name: PredictionStage,
  { gate, state }: PredictionParts,
): Promise<OpenInput> {
  await gate.pass(() => true);
  return state.enter(index, name);
}

/**
 * Only merging reads every byte of an embedding: those that it sets aside as damaged are embedded again.
 *
 * @returns whether the results do without something
 */
async function embedAndMerge(
  stage: PredictionStageInput,
  split: SplitSequencesResult,
  parts: PredictionParts,
): Promise<boolean> {
  for (let round = 1; ; round++) {
    const input = await enter(stage, 'embedding', parts);
    const allowMissing = await parts.sides.embed(split, input);
    await enter(stage, 'merging', parts);
    const embedAgain = round < MAX_ROUNDS;
    const { missingParts, setAside = 0 } = await parts.stages.mergeEmbeddings({ ...stage, allowMissing, embedAgain });
    if (setAside === 0) return allowMissing || missingParts > 0;
    log.warn('damaged embeddings were set aside and are embedded again', { stem: input.stem, setAside, round });
  }
}
