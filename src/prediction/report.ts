import * as os from 'node:os';
import * as path from 'node:path';
import type { FinishPredictionInput, PredictionOutcome } from '../contract/prediction.ts';
import { packageVersion } from '../platform/package-facts.ts';
import { replaceFile } from '../run/atomic-file.ts';
import { cutMessage } from '../run/fit-outcome.ts';
import { isUnwritable } from '../run/manifest.ts';
import { offendersOf } from '../run/offenders.ts';
import { readReport, type ExecutionIdentity, type WorkerFacts } from '../run/report.ts';
import { REPORT } from '../run/run-folder.ts';
import { addScores, noScores, type Scores } from './count-scores.ts';
import type { PredictionReport, PredictionSettings } from './report-types.ts';
import { reportInputs, type ReportedInputs } from './reported-inputs.ts';
import { loadPredictionRequest, type PredictionRequest, type PredictionSide } from './request.ts';
import { runStage } from './stage-pool.ts';
import { tallyPrediction, type PredictionTally } from './tally.ts';
import { judgePrediction } from './verdict.ts';

export { removeSplitFiles } from './remove-split-files.ts';

/** Failures that report.json lists. */
const MAX_FAILURES = 1000;
/** Clocks of hosts differ: what began so long before its prediction still is part of it. */
const CLOCK_SLACK_MS = 60_000;

const NOTHING: PredictionTally = {
  ...{ inputs: [], predicted: 0, contigs: 0, viralContigs: 0, chunks: 0, viralChunks: 0, sequences: 0 },
  ...{ missingParts: 0, missingSequences: 0 },
};

/** What a prediction is finished with, besides its input. */
export interface PredictionFinishing {
  /** false: the folder belongs to another run, nothing is written there */
  mayWrite: boolean;
  signal: AbortSignal;
  /** Server that the prediction is finished through. */
  server?: { address: string; namespace: string };
}

/**
 * Counts what is on disk, writes report.json and says how the prediction ended. As finishRun does for embeddingRun: a
 * folder that cannot be written gives an outcome all the same, with an empty `report`.
 *
 * The activity then makes the page and calls removeSplitFiles of remove-split-files.ts.
 *
 * @throws errno errors that say nothing about the folder; the reason of the signal
 */
export async function finishPredictionOnDisk(
  input: FinishPredictionInput,
  identity: ExecutionIdentity,
  finishing: PredictionFinishing,
): Promise<PredictionOutcome> {
  const { directory } = input.run;
  const request = input.request === undefined ? undefined : await loadPredictionRequest(directory, input.request);
  const tally = request === undefined ? NOTHING : await tallyPrediction(directory, request, finishing.signal);
  const isNow = await sinceStart(input, identity);
  const inputs: ReportedInputs =
    request === undefined
      ? { predictions: [], failures: [], workers: [] }
      : await reportInputs(directory, request, tally, isNow, finishing.signal);
  const outcome = judgePrediction(input, tally, inputs.failures);
  if (!finishing.mayWrite) return { ...outcome, report: '' };
  const scores = request && (await scoresOf(directory, request, tally, finishing.signal));
  const report: PredictionReport = {
    ...reportOf(input, identity, outcome, inputs),
    ...(request && { settings: settingsOf(request), classifier: request.classifier }),
    ...(request && { notes: request.notes, validation: request.skipCheckpointValidation ? 'skipped' : 'structure' }),
    ...(scores && { scores }),
    ...(finishing.server && { server: finishing.server }),
  };
  try {
    await replaceFile(path.join(directory, REPORT), `${JSON.stringify(report, null, 2)}\n`);
  } catch (error) {
    // A full disk must not keep the prediction from saying how it ended, least of all that the disk is full.
    if (!isUnwritable(error)) throw error;
    return { ...outcome, report: '', message: cutMessage(`${outcome.message} (no report: ${error.message})`) };
  }
  return outcome;
}

/** Of inputs whose results are there; undefined where there are none. */
async function scoresOf(
  directory: string,
  request: PredictionRequest,
  tally: PredictionTally,
  signal: AbortSignal,
): Promise<Scores | undefined> {
  const inputs = request.inputs.filter((_, at) => (tally.inputs[at]?.classified ?? 0) > 0);
  const sum = noScores();
  for (const input of inputs) addScores(sum, await runStage('countScores', { directory, request, input, signal }));
  return inputs.length === 0 ? undefined : sum;
}

/** Whether something that began then is of this prediction: neither long before it nor before the end of the last one. */
async function sinceStart(
  { run, startedAt }: FinishPredictionInput,
  { workflowRunId }: ExecutionIdentity,
): Promise<(began: string) => boolean> {
  const last = await readReport(run.directory).catch(() => undefined);
  const isOther = last !== undefined && last.workflowRunId !== workflowRunId;
  const lastEnd = isOther ? Date.parse(last.finishedAt) : Number.NaN;
  const from = Date.parse(startedAt) - CLOCK_SLACK_MS;
  return (began) => Date.parse(began) >= Math.max(from, Number.isNaN(lastEnd) ? from : lastEnd);
}

function reportOf(
  input: FinishPredictionInput,
  identity: ExecutionIdentity,
  outcome: PredictionOutcome,
  { predictions, failures, workers }: ReportedInputs,
): PredictionReport {
  const { offenders: _, ...summary } = outcome;
  const finishedAt = new Date();
  return {
    ...summary,
    kind: 'prediction',
    runId: input.run.runId,
    ...identity,
    startedAt: input.startedAt,
    finishedAt: finishedAt.toISOString(),
    seconds: (finishedAt.getTime() - Date.parse(input.startedAt)) / 1000,
    validation: 'structure',
    ...(input.request === undefined ? {} : { request: input.request }),
    predictions,
    failures: offendersOf(input.run.directory, input.failure, failures).slice(0, MAX_FAILURES),
    notes: [],
    ...(input.failure && { error: { type: input.failure.type, message: input.failure.message } }),
    finishedBy: thisProcess(finishedAt),
    workers,
  };
}

function settingsOf(request: PredictionRequest): PredictionSettings {
  const { expectedLength, sequencesPerFile, onBadCheckpoint, onBadSequence, keepIntermediate, batchSize } = request;
  const sides = { nucleotide: sideOf(request.nucleotide), protein: sideOf(request.protein) };
  return { expectedLength, sequencesPerFile, ...sides, onBadCheckpoint, onBadSequence, keepIntermediate, batchSize };
}

function sideOf({ embedder, dim, kind, suffix }: PredictionSide): PredictionSettings['nucleotide'] {
  return { embedder, dim, kind, suffix };
}

function thisProcess(at: Date): WorkerFacts {
  return {
    ...{ host: os.hostname(), pid: process.pid, startedAt: at.toISOString() },
    ...{ package: packageVersion(), node: process.version, platform: `${os.type()} ${os.release()} ${os.arch()}` },
  };
}
