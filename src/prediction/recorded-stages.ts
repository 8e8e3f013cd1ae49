import * as path from 'node:path';
import { CheckpointError } from '../checkpoint/errors.ts';
import { validateEach } from '../checkpoint/validate-checkpoint.ts';
import { pathsOf, type RecordedStage } from './paths.ts';
import { digestOfParts } from './parts.ts';
import type { PredictionInputFile, PredictionRequest } from './request.ts';
import { compareWithRecord } from './settle-stage.ts';
import { readStageRecord, type StageRecord } from './stage-record.ts';

/** In the order in which a prediction goes through them. */
export const RECORDED_STAGES: readonly RecordedStage[] = [
  'chunking',
  'translating',
  'splitting',
  'merging',
  'classifying',
  'consensus',
];

/** An input of a prediction, looked at from outside. */
export interface InputPlace {
  /** DIR, absolute. */
  directory: string;
  request: PredictionRequest;
  input: PredictionInputFile;
  signal: AbortSignal;
}

/** What the record of a stage is worth now. */
export interface StageState {
  record: StageRecord;
  /** Absent where all that the record names is there as it was recorded, and was made from what is there. */
  problem?: { kind: 'missing' | 'bad'; text: string };
}

/**
 * Every stage that has a record, compared with the files that it names: texts by size and SHA-256, merged checkpoints by size
 * and structure.
 *
 * @throws CheckpointError `unavailable`, errno errors, the abort reason
 */
export async function readStageStates(place: InputPlace): Promise<Map<RecordedStage, StageState>> {
  const states = new Map<RecordedStage, StageState>();
  for (const stage of RECORDED_STAGES) {
    place.signal.throwIfAborted();
    const record = await readStageRecord(place, stage);
    if (record === undefined) continue;
    const problem = staleness(place, record, states) ?? (await problemOf(place, record));
    states.set(stage, { record, ...(problem && { problem }) });
  }
  return states;
}

/** A stage that was made from something that has changed since will be done again. */
function staleness(
  { request, input }: InputPlace,
  { stage, of }: StageRecord,
  before: ReadonlyMap<RecordedStage, StageState>,
): StageState['problem'] {
  const merged = before.get('merging')?.record;
  const isOther =
    (stage === 'classifying' && of['merged'] !== digestOfParts(merged?.outputs ?? [])) ||
    (stage === 'consensus' && of['results'] !== sha256Of(before, pathsOf(request, input).results));
  return isOther ? { kind: 'missing', text: 'made from what has changed since' } : undefined;
}

function sha256Of(before: ReadonlyMap<RecordedStage, StageState>, name: string): string | undefined {
  return before.get('classifying')?.record.outputs.find((output) => output.path === name)?.sha256;
}

async function problemOf(place: InputPlace, record: StageRecord): Promise<StageState['problem']> {
  for (const output of record.outputs) {
    place.signal.throwIfAborted();
    // Merged checkpoints are as large as all else together, and were compared bit by bit when they were recorded.
    const found =
      record.stage === 'merging'
        ? await compareWithRecord({ ...place, request: { ...place.request, skipCheckpointValidation: true } }, output)
        : await compareWithRecord(place, output);
    if (found === 'missing') return { kind: 'missing', text: `${output.path} is not there` };
    if (found instanceof CheckpointError) return { kind: 'bad', text: `${output.path}: ${found.reason}` };
  }
  return record.stage === 'merging' ? badStructure(place, record) : undefined;
}

async function badStructure(
  { directory, request, signal }: InputPlace,
  { outputs }: StageRecord,
): Promise<StageState['problem']> {
  const checks = outputs.map((output) => ({ path: path.join(directory, output.path) }));
  const options = { level: 'structure', trustContent: request.skipCheckpointValidation, signal } as const;
  const entries = await validateEach(checks, options);
  const bad = entries.findIndex(({ result }) => result !== 'valid');
  if (bad < 0) return undefined;
  return { kind: 'bad', text: `${outputs[bad]?.path}: ${entries[bad]?.reason ?? 'not valid'}` };
}
