import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeCheckpoint } from '../../src/checkpoint/index.ts';
import type { PredictVirusInput } from '../../src/contract/prediction.ts';
import { checkPredictionRequest } from '../../src/prediction/check-request.ts';
import { pathsOf, type PredictionPaths, type SideName } from '../../src/prediction/paths.ts';
import type { PredictionInputFile, PredictionRequest } from '../../src/prediction/request.ts';
import { writeStageRecord } from '../../src/prediction/stage-record.ts';
import type { StageContext } from '../../src/prediction/stage.ts';
import type { RunManifest } from '../../src/run/manifest.ts';
import {
  forgedClassifier,
  randomClassifier,
  randomNumbers,
  torchFileOf,
  type ClassifierWeights,
} from './classifier-model.ts';
import { sequence } from './run-folder.ts';
import { temporaryFolder } from './temporary-folder.ts';

const INPUT: PredictionInputFile = {
  path: 'in.fa',
  stem: 'in',
  sha256: '0'.repeat(64),
  gzip: false,
  contigs: 1,
  emptyContigs: 0,
  letters: 500,
  chunks: 1,
};

/** A request as checkPrediction leaves it, for a folder whose files a test makes itself. */
export function predictionRequest(more: Partial<PredictionRequest> = {}): PredictionRequest {
  const side = (name: SideName, dim: number, suffix: string) => ({
    embedder: { name: 'fake', options: { dim: String(dim) }, taskQueue: 'fake' },
    dim,
    kind: name,
    suffix,
  });
  return {
    schema: 1,
    inputRoot: '/',
    inputs: [INPUT],
    expectedLength: 500,
    sequencesPerFile: 10,
    classifier: {
      path: '/model.pth',
      sha256: '0'.repeat(64),
      format: 'module',
      features: 3328,
      hidden: 512,
      classes: 2,
    },
    nucleotide: side('nucleotide', 768, '_DNABERT_S.pt'),
    protein: side('protein', 2560, '_ESM.pt'),
    onBadCheckpoint: 'fail',
    onBadSequence: 'fail',
    skipCheckpointValidation: false,
    keepIntermediate: false,
    batchSize: null,
    notes: [],
    ...more,
  };
}

/** Values that seed, row and column decide: of either sign, none of them round. */
export function rowValues(seed: number, rows: number, dim: number): Float32Array {
  return Float32Array.from({ length: rows * dim }, (_, at) => Math.sin((at + 1) * (seed + 0.618)));
}

export interface PredictionScene extends StageContext {
  paths: PredictionPaths;
  /** Absolute path of a name of `paths`. */
  file(name: string): string;
}

/** The stage of one input in a new folder. */
export async function predictionScene(more: Partial<PredictionRequest> = {}): Promise<PredictionScene> {
  const directory = await temporaryFolder();
  const request = predictionRequest({ inputRoot: directory, ...more });
  const input = request.inputs[0] as PredictionInputFile;
  return {
    directory,
    request,
    input,
    signal: new AbortController().signal,
    paths: pathsOf(request, input),
    file: (name) => join(directory, name),
  };
}

/** Split files of both sides with these ids, part by part, and the record of the stage that makes them. */
export async function splitParts(scene: PredictionScene, parts: readonly (readonly string[])[]): Promise<void> {
  for (const side of ['nucleotide', 'protein'] as const) {
    mkdirSync(scene.file(scene.paths.side(side)), { recursive: true });
    for (const [index, ids] of parts.entries()) {
      const text = ids.map((id, at) => `>${id}\n${sequence(at, 30)}\n`).join('');
      writeFileSync(scene.file(scene.paths.split(side, index + 1)), text);
    }
  }
  await writeStageRecord(scene, {
    stage: 'splitting',
    of: {},
    outputs: [],
    facts: { parts: parts.length, sequences: parts.flat().length },
    startedAt: new Date(),
  });
}

/** The checkpoint of one side of a part. @returns its values, row after row in the order of `ids` */
export async function embedPart(
  scene: PredictionScene,
  side: SideName,
  part: number,
  ids: readonly string[],
  rows?: Float32Array,
): Promise<Float32Array> {
  const { dim, kind } = scene.request[side];
  const values = rows ?? rowValues(part + (side === 'protein' ? 100 : 0), ids.length, dim);
  await writeCheckpoint(scene.file(scene.paths.checkpoint(side, part)), { kind, ids, rows: values, dim });
  return values;
}

/** A sequence with few A and T, and so few stops: about a third of its frames of 500 letters is free of them. */
export function openSequence(seed: number, length: number): string {
  const random = randomNumbers(seed);
  return Array.from({ length }, () => {
    const draw = random();
    return draw < 0.09 ? 'A' : draw < 0.18 ? 'T' : draw < 0.59 ? 'C' : 'G';
  }).join('');
}

/** Few, since it is not the model that these tests are about. */
const HIDDEN = 8;

/** A model file in a folder. */
export function writeModel(
  folder: string,
  seed = 1,
  name = '500_model.pth',
): { model: string; weights: ClassifierWeights } {
  const weights = randomClassifier({ seed, hidden: HIDDEN });
  const model = join(folder, name);
  writeFileSync(model, torchFileOf(forgedClassifier(weights)));
  return { model, weights };
}

/** A run.json that nothing has been accepted for. */
export const UNBOUND: RunManifest = {
  schema: 1,
  runId: '00000000-0000-4000-8000-000000000000',
  createdAt: '2026-01-01T00:00:00.000Z',
  embedders: {},
  inputs: {},
};

export interface CheckedScene extends PredictionScene {
  weights: ClassifierWeights;
}

/** The stages of a prediction of this FASTA text, checked as a prediction is, with default embedders. */
export async function checkedScene(fasta: string, more: Partial<PredictVirusInput> = {}): Promise<CheckedScene> {
  return checkedSceneIn(await temporaryFolder(), fasta, more);
}

/** {@link checkedScene} in a folder that the caller removes: for what tests share. */
export async function checkedSceneIn(
  folder: string,
  fasta: string,
  more: Partial<PredictVirusInput> = {},
): Promise<CheckedScene> {
  const { model, weights } = writeModel(folder);
  writeFileSync(join(folder, 'in.fa'), fasta);
  const directory = join(folder, 'out');
  mkdirSync(directory);
  const { signal } = new AbortController();
  const asked: PredictVirusInput = { contract: 1, directory, inputs: [join(folder, 'in.fa')], model, ...more };
  const { request } = await checkPredictionRequest(asked, UNBOUND, signal);
  const input = request.inputs[0] as PredictionInputFile;
  const file = (name: string) => join(directory, name);
  return { directory, request, input, signal, paths: pathsOf(request, input), file, weights };
}

/** The same scene in a folder of its own, with all that is in it now; the input stays where it is. */
export async function copyScene<Scene extends PredictionScene>(scene: Scene): Promise<Scene> {
  const directory = join(await temporaryFolder(), 'out');
  cpSync(scene.directory, directory, { recursive: true });
  return { ...scene, directory, file: (name: string) => join(directory, name) };
}

/** Ids of a split file. */
export function splitIds(scene: PredictionScene, part: number): string[] {
  const text = readFileSync(scene.file(scene.paths.split('nucleotide', part)), 'utf8');
  return text.split('\n').flatMap((line) => (line.startsWith('>') ? [line.slice(1)] : []));
}

/** Checkpoints of both sides for every part. */
export async function embedAll(scene: PredictionScene, parts: number): Promise<void> {
  for (let part = 1; part <= parts; part++) {
    for (const side of ['nucleotide', 'protein'] as const) await embedPart(scene, side, part, splitIds(scene, part));
  }
}
