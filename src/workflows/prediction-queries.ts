import { defineQuery } from '@temporalio/workflow';
import { QUERY_PROGRESS } from '../contract/names.ts';
import type { PredictionProgress } from '../contract/prediction.ts';

/** Under the name that `progress` of an embedding run has, too: what answers is the workflow that is asked. */
export const predictionProgress = defineQuery<PredictionProgress>(QUERY_PROGRESS);
