import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import { ROOT } from './run.mjs';

/** Where they are kept. */
export const SCHEMA_FOLDER = join(ROOT, 'docs', 'schemas');

/**
 * The JSON Schemas of everything that other programs send to us or read from us, made from what we check ourselves. Unknown
 * fields are allowed everywhere: a newer side may send more.
 *
 * @returns {Promise<Record<string, object>>} by name of the file, without `.schema.json`
 */
export async function jsonSchemas() {
  /** @type {typeof import('../../src/schemas/contract.ts')} */
  const contract = await built('schemas', 'contract.js');
  /** @type {typeof import('../../src/schemas/results.ts')} */
  const results = await built('schemas', 'results.js');
  /** @type {typeof import('../../src/schemas/prediction.ts')} */
  const prediction = await built('schemas', 'prediction.js');
  /** @type {typeof import('../../src/schemas/prediction-results.ts')} */
  const predicted = await built('schemas', 'prediction-results.js');
  /** @type {typeof import('../../src/schemas/doctor.ts')} */
  const { diagnosisSchema } = await built('schemas', 'doctor.js');
  /** @type {typeof import('../../src/run/report-schema.ts')} */
  const { runReportSchema } = await built('run', 'report-schema.js');
  /** @type {typeof import('../../src/prediction/report-schema.ts')} */
  const { predictionReportSchema } = await built('prediction', 'report-schema.js');
  /** @type {Record<string, [schema: z.ZodType, title: string]>} */
  const shapes = {
    'embedding-run-input': [contract.embeddingRunInputSchema, 'Input of the workflow embeddingRun'],
    'run-outcome': [results.runOutcomeSchema, 'Result of embeddingRun, and the first detail of its failure'],
    'run-progress': [results.runProgressSchema, 'Answer of the query progress'],
    'check-compatibility-input': [contract.checkCompatibilityInputSchema, 'Input of the activity checkCompatibility'],
    'check-compatibility-result': [results.checkCompatibilityResultSchema, 'Result of checkCompatibility'],
    'plan-run-input': [contract.planRunInputSchema, 'Input of the activity planRun'],
    'plan-summary': [contract.planSummarySchema, 'Result of planRun'],
    'embed-file-input': [contract.taskInputSchema, 'Input of the activity embedFile'],
    'embed-file-heartbeat': [results.embedHeartbeatSchema, 'Heartbeat of embedFile'],
    'embed-file-result': [contract.embedFileResultSchema, 'Result of embedFile'],
    'save-checkpoint-input': [contract.saveCheckpointInputSchema, 'Input of the activity saveCheckpoint'],
    'save-checkpoint-result': [results.saveCheckpointResultSchema, 'Result of saveCheckpoint'],
    'validate-checkpoint-input': [contract.validateCheckpointInputSchema, 'Input of the activity validateCheckpoint'],
    'validate-checkpoint-result': [results.validateCheckpointResultSchema, 'Result of validateCheckpoint'],
    'finish-run-input': [contract.finishRunInputSchema, 'Input of the activity finishRun'],
    'predict-virus-input': [prediction.predictVirusInputSchema, 'Input of the workflow predictVirus'],
    'prediction-outcome': [
      predicted.predictionOutcomeSchema,
      'Result of predictVirus, and the first detail of its failure',
    ],
    'prediction-progress': [predicted.predictionProgressSchema, 'Answer of the query progress of predictVirus'],
    'check-prediction-input': [prediction.checkPredictionInputSchema, 'Input of the activity checkPrediction'],
    'check-prediction-result': [predicted.checkedPredictionSchema, 'Result of checkPrediction'],
    'prediction-stage-input': [prediction.predictionStageInputSchema, 'Input of the stages of predictVirus'],
    'chunk-sequences-result': [predicted.chunkSequencesResultSchema, 'Result of chunkSequences'],
    'translate-frames-result': [predicted.translateFramesResultSchema, 'Result of translateFrames'],
    'split-sequences-result': [predicted.splitSequencesResultSchema, 'Result of splitSequences'],
    'merge-embeddings-input': [prediction.mergeEmbeddingsInputSchema, 'Input of the activity mergeEmbeddings'],
    'merge-embeddings-result': [predicted.mergeEmbeddingsResultSchema, 'Result of mergeEmbeddings'],
    'classify-sequences-result': [predicted.classifySequencesResultSchema, 'Result of classifySequences'],
    'call-consensus-result': [predicted.callConsensusResultSchema, 'Result of callConsensus'],
    'finish-prediction-input': [prediction.finishPredictionInputSchema, 'Input of the activity finishPrediction'],
    report: [runReportSchema, 'report.json of a run folder'],
    'prediction-report': [predictionReportSchema, 'report.json of the folder of a prediction'],
    doctor: [diagnosisSchema, 'Document of virnucpro doctor --json'],
  };
  const entries = Object.entries(shapes).map(([name, [schema, title]]) => [name, jsonSchema(schema, title)]);
  return Object.fromEntries(entries);
}

/**
 * @param {z.ZodType} schema
 * @param {string} title
 */
function jsonSchema(schema, title) {
  const { $schema, ...shape } = z.toJSONSchema(schema, { io: 'input' });
  return { $schema, title: `${title} (virnucpro-temporal, contract 1)`, ...shape };
}

/** @param {string[]} path below dist */
function built(...path) {
  return import(pathToFileURL(join(ROOT, 'dist', ...path)).href);
}
