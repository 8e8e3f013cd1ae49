import * as path from 'node:path';
import type { Offender } from '../contract/outcome.ts';
import type { PredictionStage } from '../contract/prediction.ts';
import { mapLimited } from '../run/limited.ts';
import type { RecordedStage } from './paths.ts';
import { readStageStates, type InputPlace, type StageState } from './recorded-stages.ts';
import type { PredictionRequest } from './request.ts';
import { factOf, type StageRecord } from './stage-record.ts';

/** A stage of an input whose outputs are on disk as its record says. */
export interface StageTally {
  stage: PredictionStage;
  startedAt: string;
  seconds: number;
  host: string;
  /** Of all outputs together. */
  bytes: number;
}

/** What is on disk for one input. */
export interface InputTally {
  /** Absolute. */
  path: string;
  stem: string;
  /** With a sequence; those without are counted in `emptyContigs`. */
  contigs: number;
  emptyContigs: number;
  letters: number;
  chunks: number;
  /** Frames free of stops; 0 as long as that is not known. */
  sequences: number;
  /** Split files of a side, and those of them that have a merged checkpoint. */
  parts: number;
  mergedParts: number;
  /** Parts and sequences that the results do without; the first five. */
  missing: Offender[];
  missingParts: number;
  missingSequences: number;
  /** Rows of prediction_results.txt. */
  classified: number;
  classifiedChunks: number;
  viralChunks: number;
  viralContigs: number;
  /** Stages that are complete, in their order. */
  stages: StageTally[];
  /** All results are on disk, unchanged, and nothing is missing. */
  complete: boolean;
  /** Why it is not, for people. */
  reason?: string;
}

/** What is on disk for a prediction, and the sums over its inputs. */
export interface PredictionTally {
  inputs: InputTally[];
  /** Inputs with complete results. */
  predicted: number;
  contigs: number;
  viralContigs: number;
  chunks: number;
  viralChunks: number;
  /** Rows that were classified. */
  sequences: number;
  missingParts: number;
  missingSequences: number;
}

/** Inputs looked at side by side: reading what they left is bound by the disk. */
const INPUTS_AT_ONCE = 4;

/**
 * Counts what is on disk, not what was intended: the records of the stages, as far as the files that they name are there
 * and unchanged.
 *
 * @throws CheckpointError `unavailable`, errno errors, the abort reason
 */
export async function tallyPrediction(
  directory: string,
  request: PredictionRequest,
  signal: AbortSignal,
): Promise<PredictionTally> {
  const inputs = await mapLimited(request.inputs, INPUTS_AT_ONCE, (input) =>
    tallyInput({ directory, request, input, signal }),
  );
  const sum = (count: (one: InputTally) => number) => inputs.reduce((total, one) => total + count(one), 0);
  return {
    inputs,
    predicted: inputs.filter(({ complete }) => complete).length,
    contigs: sum((one) => one.contigs),
    viralContigs: sum((one) => one.viralContigs),
    chunks: sum((one) => one.chunks),
    viralChunks: sum((one) => one.viralChunks),
    sequences: sum((one) => one.classified),
    missingParts: sum((one) => one.missingParts),
    missingSequences: sum((one) => one.missingSequences),
  };
}

async function tallyInput(place: InputPlace): Promise<InputTally> {
  const { request, input } = place;
  const { stem, contigs, emptyContigs, letters, chunks } = input;
  const states = await readStageStates(place);
  const fact = (stage: RecordedStage, name: string): number => {
    const state = states.get(stage);
    return state === undefined || state.problem !== undefined ? 0 : factOf(state.record, name);
  };
  const reason = whyIncomplete(states);
  return {
    path: path.join(request.inputRoot, input.path),
    ...{ stem, contigs, emptyContigs, letters, chunks },
    sequences: fact('translating', 'sequences'),
    // Split files are removed once they have served.
    parts: states.get('splitting')?.record.facts['parts'] ?? 0,
    mergedParts: fact('merging', 'merged'),
    missing: states.get('merging')?.record.missing ?? [],
    missingParts: fact('merging', 'missingParts'),
    missingSequences: fact('merging', 'missingSequences'),
    classified: fact('classifying', 'rows'),
    classifiedChunks: fact('consensus', 'chunks'),
    viralChunks: fact('consensus', 'viralChunks'),
    viralContigs: fact('consensus', 'viralContigs'),
    stages: [...states.values()].flatMap(({ record, problem }) => (problem === undefined ? [tallyStage(record)] : [])),
    complete: reason === undefined,
    ...(reason !== undefined && { reason }),
  };
}

/** The results, and what they rest on; intermediate texts may be gone. */
function whyIncomplete(states: ReadonlyMap<RecordedStage, StageState>): string | undefined {
  const hasRows = factOr(states, 'translating', 'sequences') !== 0;
  const needed: readonly RecordedStage[] = hasRows
    ? ['merging', 'classifying', 'consensus']
    : ['classifying', 'consensus'];
  for (const stage of needed) {
    const state = states.get(stage);
    if (state === undefined) return `${stage} has not ended`;
    if (state.problem !== undefined) return state.problem.text;
  }
  if (!hasRows) return undefined;
  const missing = [
    ...plural(factOr(states, 'merging', 'missingParts') ?? 0, 'part'),
    ...plural(factOr(states, 'merging', 'missingSequences') ?? 0, 'sequence'),
  ];
  return missing.length === 0 ? undefined : `the results do without ${missing.join(' and ')}`;
}

/** Nothing where there are none. */
function plural(count: number, noun: string): string[] {
  return count === 0 ? [] : [`${count} ${noun}${count === 1 ? '' : 's'}`];
}

function factOr(
  states: ReadonlyMap<RecordedStage, StageState>,
  stage: RecordedStage,
  name: string,
): number | undefined {
  return states.get(stage)?.record.facts[name];
}

function tallyStage({ stage, startedAt, seconds, host, outputs }: StageRecord): StageTally {
  return { stage, startedAt, seconds, host, bytes: outputs.reduce((sum, { bytes }) => sum + bytes, 0) };
}
