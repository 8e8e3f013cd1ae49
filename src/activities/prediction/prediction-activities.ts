import type { PredictionActivities } from '../../contract/prediction.ts';
import * as prediction from '../../prediction/index.ts';
import * as schemas from '../../schemas/prediction.ts';
import type { ActivityWrapper } from '../activity-wrapper.ts';
import type { ActivityDependencies } from '../dependencies.ts';
import { checkPrediction } from './check-prediction.ts';
import { finishPrediction } from './finish-prediction.ts';
import { stageContext } from './stage-context.ts';

/** The activities of a prediction: each hands what it is asked to src/prediction, in the folder that its workflow has claimed. */
export function predictionActivities(
  activity: ActivityWrapper,
  dependencies: ActivityDependencies,
): PredictionActivities {
  const { server } = dependencies;
  const stage = schemas.predictionStageInputSchema;
  return {
    checkPrediction: activity('checkPrediction', schemas.checkPredictionInputSchema, (input, scope) =>
      checkPrediction(input, scope, dependencies),
    ),
    chunkSequences: activity('chunkSequences', stage, async (input, scope) =>
      prediction.cutChunks(await stageContext('chunking', input, scope, server)),
    ),
    translateFrames: activity('translateFrames', stage, async (input, scope) =>
      prediction.translateFrames(await stageContext('translating', input, scope, server)),
    ),
    splitSequences: activity('splitSequences', stage, async (input, scope) =>
      prediction.splitSequences(await stageContext('splitting', input, scope, server)),
    ),
    mergeEmbeddings: activity('mergeEmbeddings', schemas.mergeEmbeddingsInputSchema, async (input, scope) =>
      prediction.mergeEmbeddings(await stageContext('merging', input, scope, server), {
        allowMissing: input.allowMissing,
        embedAgain: input.embedAgain ?? false,
      }),
    ),
    classifySequences: activity('classifySequences', stage, async (input, scope) =>
      prediction.classifySequences(await stageContext('classifying', input, scope, server)),
    ),
    callConsensus: activity('callConsensus', stage, async (input, scope) =>
      prediction.callConsensus(await stageContext('consensus', input, scope, server)),
    ),
    finishPrediction: activity('finishPrediction', schemas.finishPredictionInputSchema, (input, scope) =>
      finishPrediction(input, scope, dependencies),
    ),
  };
}
