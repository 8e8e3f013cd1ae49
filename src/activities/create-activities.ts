import { Context } from '@temporalio/activity';
import type { EmbedFileResult, VirnucproActivities } from '../contract/activities.ts';
import type { AttemptResult } from '../contract/activity-events.ts';
import type { PredictionActivities } from '../contract/prediction.ts';
import { TimelineObserver } from '../report/index.ts';
import * as schemas from '../schemas/contract.ts';
import { activityWrapper } from './activity-wrapper.ts';
import { checkCompatibility } from './check-compatibility.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { embedFile } from './embed-file.ts';
import { finishRun } from './finish-run.ts';
import { planRun } from './plan-run.ts';
import { predictionActivities } from './prediction/prediction-activities.ts';
import { saveCheckpoint } from './save-checkpoint.ts';
import { validateCheckpoint } from './validate-checkpoint.ts';

/**
 * Every activity of this package, for a worker of yours or ours: each checks its input, heartbeats from entry to exit and
 * throws ApplicationFailures of the types in `FailureType`.
 */
export function createActivities(dependencies: ActivityDependencies): VirnucproActivities & PredictionActivities {
  const timeline = new TimelineObserver((message) => Context.current().log.warn(message));
  const activity = activityWrapper({ ...dependencies, observers: [timeline, ...(dependencies.observers ?? [])] });
  return {
    checkCompatibility: activity('checkCompatibility', schemas.checkCompatibilityInputSchema, (input, scope) =>
      checkCompatibility(input, scope, dependencies),
    ),
    planRun: activity('planRun', schemas.planRunInputSchema, planRun),
    embedFile: activity(
      'embedFile',
      schemas.taskInputSchema,
      (input, scope) => embedFile(input, scope, dependencies),
      resultOfEmbedding,
    ),
    saveCheckpoint: activity('saveCheckpoint', schemas.saveCheckpointInputSchema, saveCheckpoint),
    validateCheckpoint: activity('validateCheckpoint', schemas.validateCheckpointInputSchema, validateCheckpoint),
    finishRun: activity('finishRun', schemas.finishRunInputSchema, (input, scope) =>
      finishRun(input, scope, dependencies, timeline),
    ),
    ...predictionActivities(activity, dependencies),
  };
}

/** No segments: the checkpoint was there. */
function resultOfEmbedding({ segments }: EmbedFileResult): AttemptResult {
  return segments.length === 0 ? 'found' : 'embedded';
}
