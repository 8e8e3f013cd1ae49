import type { PredictionActivities, PredictionStage, PredictionStageInput } from '../contract/prediction.ts';
import type { PauseGate } from './pause.ts';
import type { PredictionState } from './prediction-state.ts';
import type { SideRuns } from './side-runs.ts';

/** What the stages of every input have in common. */
export interface PredictionParts {
  stages: PredictionActivities;
  sides: SideRuns;
  gate: PauseGate;
  state: PredictionState;
}

/** Takes one input through every stage; each waits while the prediction is paused. */
export async function predictInput(
  stage: PredictionStageInput,
  { stages, sides, gate, state }: PredictionParts,
): Promise<void> {
  const { index } = stage;
  const enter = async (name: PredictionStage) => {
    await gate.pass(() => true);
    return state.enter(index, name);
  };
  const input = await enter('chunking');
  input.stem = (await stages.chunkSequences(stage)).stem;
  await enter('translating');
  const { sequences } = await stages.translateFrames(stage);
  input.sequences = sequences;
  // Without a frame that is free of stops there is nothing to embed or to merge, and the results have no rows.
  if (sequences > 0) {
    await enter('splitting');
    const split = await stages.splitSequences(stage);
    await enter('embedding');
    const allowMissing = await sides.embed(split, input);
    await enter('merging');
    const { missingParts } = await stages.mergeEmbeddings({ ...stage, allowMissing });
    if (allowMissing || missingParts > 0) state.partial = true;
  }
  await enter('classifying');
  await stages.classifySequences(stage);
  await enter('consensus');
  await stages.callConsensus(stage);
  state.leave(index);
}
