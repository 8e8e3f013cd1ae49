import { log } from '@temporalio/workflow';
import type { PredictionActivities, PredictionStage, PredictionStageInput } from '../contract/prediction.ts';
import type { PauseGate } from './pause.ts';
import type { PredictionState } from './prediction-state.ts';
import type { SideRuns } from './side-runs.ts';

/**
 * Damage of one side hides that of the other, and what is found before the first part is merged that of the parts to be merged:
 * all that was there at the start shows in four rounds. More is new, from storage that spoils what it has just been given.
 */
const MAX_ROUNDS = 5;

/** What the stages of every input have in common. */
export interface PredictionParts {
  stages: PredictionActivities;
  sides: SideRuns;
  gate: PauseGate;
  state: PredictionState;
}

/**
 * Takes one input through every stage; each waits while the prediction is paused.
 *
 * Only merging reads every byte of an embedding: those that it sets aside as damaged are embedded again. The rounds are not a
 * function of their own: one `await` more would schedule what follows later than recorded histories did.
 */
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
    for (let round = 1, isMerged = false; !isMerged; round++) {
      await enter('embedding');
      const allowMissing = await sides.embed(split, input);
      await enter('merging');
      const embedAgain = round < MAX_ROUNDS;
      const { missingParts, setAside = 0 } = await stages.mergeEmbeddings({ ...stage, allowMissing, embedAgain });
      isMerged = setAside === 0;
      if (isMerged && (allowMissing || missingParts > 0)) state.partial = true;
      if (!isMerged) log.warn('embeddings are damaged or gone: embedded again', { stem: input.stem, setAside, round });
    }
  }
  await enter('classifying');
  await stages.classifySequences(stage);
  await enter('consensus');
  await stages.callConsensus(stage);
  state.leave(index);
}
