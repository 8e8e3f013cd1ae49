import type { Offender } from '../contract/outcome.ts';
import type { WorkerFacts } from '../run/report.ts';
import { pathsOf, type RecordedStage } from './paths.ts';
import { RECORDED_STAGES } from './recorded-stages.ts';
import type { PredictionRequest } from './request.ts';
import type { ReportedFile, ReportedPrediction, ReportedStage } from './report-types.ts';
import { readSideReports } from './side-reports.ts';
import { readStageRecord, type StageRecord } from './stage-record.ts';
import type { InputTally, PredictionTally } from './tally.ts';

/** What report.json tells of the inputs. */
export interface ReportedInputs {
  predictions: ReportedPrediction[];
  /** What could not be made and what the prediction does without, without those of the results themselves. */
  failures: Offender[];
  /** One for each process. */
  workers: WorkerFacts[];
}

/**
 * Reads the stage records and the reports of the embedding runs of every input.
 *
 * @param isNow whether something that began then is of this prediction
 * @throws errno errors; the reason of `signal`
 */
export async function reportInputs(
  directory: string,
  request: PredictionRequest,
  tally: PredictionTally,
  isNow: (startedAt: string) => boolean,
  signal: AbortSignal,
): Promise<ReportedInputs> {
  const all: ReportedInputs = { predictions: [], failures: [], workers: [] };
  const workers = new Map<string, WorkerFacts>();
  for (const [at, one] of tally.inputs.entries()) {
    signal.throwIfAborted();
    const records = await recordsOf(directory, request, one.stem);
    const sides = await readSideReports(directory, one.stem, isNow);
    all.predictions.push({
      ...countsOf(one),
      sha256: request.inputs[at]?.sha256 ?? '',
      stages: records.map((record) => stageOf(record, one, isNow)),
      embeddings: sides.embeddings,
      files: filesOf(records, one),
    });
    all.failures.push(...sides.failures, ...failuresOf(one, request, sides.failures));
    for (const worker of sides.workers) workers.set(`${worker.host} ${worker.pid} ${worker.startedAt}`, worker);
  }
  return { ...all, workers: distinct([...workers.values()]) };
}

async function recordsOf(directory: string, request: PredictionRequest, stem: string): Promise<StageRecord[]> {
  const place = { directory, request, input: { stem } };
  const records = await Promise.all(RECORDED_STAGES.map((stage) => readStageRecord(place, stage)));
  return records.filter((record) => record !== undefined);
}

function countsOf(one: InputTally): Omit<ReportedPrediction, 'sha256' | 'stages' | 'embeddings' | 'files'> {
  const { path: input, stem, complete, reason, missingParts, missingSequences } = one;
  const { contigs, emptyContigs, letters, viralContigs, chunks, viralChunks, classified } = one;
  const hasHoles = missingParts + missingSequences > 0;
  return {
    ...{ input, stem, result: complete ? 'predicted' : hasHoles ? 'partial' : 'missing' },
    ...(reason === undefined ? {} : { reason }),
    ...{ contigs, emptyContigs, letters, viralContigs, chunks, viralChunks, sequences: classified },
  };
}

function stageOf(record: StageRecord, tally: InputTally, isNow: (startedAt: string) => boolean): ReportedStage {
  const { stage, startedAt, seconds, host, pid, outputs } = record;
  const wasThere = outputs.length > 0 && outputs.every(({ kept }) => kept === true);
  const outcome = wasThere || !isNow(startedAt) ? 'found' : 'written';
  return { stage, outcome, startedAt, seconds, rows: rowsOf(stage, tally), host, pid };
}

/** Of what a stage makes or reads, by which its speed is told. */
function rowsOf(stage: RecordedStage, { chunks, sequences, classified }: InputTally): number {
  if (stage === 'chunking') return chunks;
  return stage === 'translating' || stage === 'splitting' ? sequences : classified;
}

/** Of stages whose files are as they were recorded; split files are gone after a success. */
function filesOf(records: readonly StageRecord[], { stages }: InputTally): ReportedFile[] {
  const sound = new Set(stages.map(({ stage }) => stage));
  const listed = records.filter(({ stage }) => stage !== 'splitting' && sound.has(stage));
  return listed.flatMap(({ outputs }) => outputs.map(fileOf));
}

function fileOf({ path, bytes, sha256 }: StageRecord['outputs'][number]): ReportedFile {
  return { path, bytes, sha256 };
}

/** What the results do without. Why a checkpoint is not there, its embedding run has told better. */
function failuresOf(
  { stem, complete, reason, missing }: InputTally,
  request: PredictionRequest,
  told: readonly Offender[],
): Offender[] {
  if (missing.length === 0 && !complete) {
    return [{ path: pathsOf(request, { stem }).results, reason: reason ?? 'the results are not complete' }];
  }
  const paths = new Set(told.map((one) => one.path));
  return missing.filter((one) => !paths.has(one.path));
}

/** A process that has worked for several embedding runs is one: the first time that it did counts. */
function distinct(workers: readonly WorkerFacts[]): WorkerFacts[] {
  const byProcess = new Map<string, WorkerFacts>();
  for (const worker of workers.toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1))) {
    const key = `${worker.host} ${worker.pid}`;
    const known = byProcess.get(key);
    const embedders = { ...known?.embedders, ...worker.embedders };
    byProcess.set(key, {
      ...worker,
      ...(known && { startedAt: known.startedAt }),
      ...(Object.keys(embedders).length > 0 && { embedders }),
    });
  }
  return [...byProcess.values()];
}
