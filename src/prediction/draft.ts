import * as path from 'node:path';
import type { PredictionStage } from '../contract/prediction.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { mapLimited } from '../run/limited.ts';
import { draftEmbedding, type DraftedEmbedding } from './draft-embedding.ts';
import { pathsOf, type PredictionPaths, type RecordedStage } from './paths.ts';
import { readStageStates, RECORDED_STAGES, type InputPlace, type StageState } from './recorded-stages.ts';
import type { PredictionRequest } from './request.ts';
import { SIDES } from './sides.ts';

export type { DraftedEmbedding } from './draft-embedding.ts';

/** What a prediction would do about a stage. `bad`: what is there is not what belongs there; a prediction would say so and stop. */
export interface DraftedStage {
  stage: PredictionStage;
  state: 'found' | 'missing' | 'bad';
  /** Why it is bad, or what is still to be found out. */
  detail?: string;
}

export interface DraftedInput {
  /** Absolute. */
  path: string;
  stem: string;
  contigs: number;
  emptyContigs: number;
  chunks: number;
  /** In their order; `embedding` is in `embedding` below. */
  stages: DraftedStage[];
  embedding: DraftedEmbedding[];
}

/** What a prediction would find and do. */
export interface DraftedPrediction {
  inputs: DraftedInput[];
  /** Embedding tasks of all inputs and sides. */
  tasks: number;
  found: number;
  bad: number;
  /** At least one number of tasks is an estimate. */
  estimated: boolean;
}

const INPUTS_AT_ONCE = 4;

/**
 * Looks at what is there and says what a prediction would do. Writes nothing.
 *
 * @throws CheckpointError `unavailable`, errno errors, the abort reason
 */
export async function draftPrediction(
  directory: string,
  request: PredictionRequest,
  signal: AbortSignal,
): Promise<DraftedPrediction> {
  const inputs = await mapLimited(request.inputs, INPUTS_AT_ONCE, (input) =>
    draftInput({ directory, request, input, signal }),
  );
  const sides = inputs.flatMap(({ embedding }) => embedding);
  const sum = (count: (side: DraftedEmbedding) => number) => sides.reduce((total, side) => total + count(side), 0);
  return {
    inputs,
    tasks: sum(({ tasks }) => tasks),
    found: sum(({ found }) => found),
    bad: sum(({ bad }) => bad),
    estimated: sides.some(({ estimated }) => estimated),
  };
}

async function draftInput(place: InputPlace): Promise<DraftedInput> {
  const { request, input } = place;
  const { stem, contigs, emptyContigs, chunks } = input;
  const states = await readStageStates(place);
  const stages: DraftedStage[] = [];
  for (const stage of RECORDED_STAGES) stages.push(await draftStage(place, stage, states.get(stage)));
  const embedding: DraftedEmbedding[] = [];
  for (const side of SIDES) embedding.push(await draftEmbedding(place, side, states));
  return { path: path.join(request.inputRoot, input.path), stem, contigs, emptyContigs, chunks, stages, embedding };
}

async function draftStage(
  { directory, request, input }: InputPlace,
  stage: RecordedStage,
  state: StageState | undefined,
): Promise<DraftedStage> {
  if (state?.problem !== undefined) return { stage, state: state.problem.kind, detail: state.problem.text };
  if (state !== undefined) return { stage, state: 'found' };
  const first = firstOutput(stage, pathsOf(request, input));
  const isThere = (await nodeFileSystem.stat(path.join(directory, first))) !== undefined;
  if (!isThere) return { stage, state: 'missing' };
  return { stage, state: 'found', detail: `${first} is there without a record: it will be compared` };
}

/** A file by which it shows that a stage was done before there were records. */
function firstOutput(stage: RecordedStage, paths: PredictionPaths): string {
  const outputs: Readonly<Record<RecordedStage, string>> = {
    chunking: paths.chunked,
    translating: paths.nucleotide,
    splitting: paths.split('nucleotide', 1),
    merging: paths.mergedPart(1),
    classifying: paths.results,
    consensus: paths.highestScore,
  };
  return outputs[stage];
}
