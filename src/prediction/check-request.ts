import * as path from 'node:path';
import { inspectClassifier, type InspectedClassifier } from '../classifier/index.ts';
import { FailureType } from '../contract/failure-types.ts';
import type { PredictVirusInput } from '../contract/prediction.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { Differences } from '../run/differences.ts';
import { commonRoot, type ScannedInput } from '../run/inputs.ts';
import type { RunManifest } from '../run/manifest.ts';
import { expectedLengthOf } from './expected-length.ts';
import type { PredictionInputFile, PredictionRequest } from './request.ts';
import { scanContigs } from './scan-contigs.ts';
import { sequencesPerFileOf } from './sequences-per-file.ts';
import { describeSides, MERGED_DIM, SIDES, type DescribedSide } from './sides.ts';
import type { SideName } from './paths.ts';

/** A request that fits its folder, and the run.json that it leads to. */
export interface CheckedPredictionRequest {
  request: PredictionRequest;
  manifest: RunManifest;
}

/**
 * Reads the inputs, describes the embedders, looks into the classifier and compares all three with run.json. Writes
 * nothing.
 *
 * @param manifest without settings: everything is accepted
 * @throws VirnucproError `RunError.InvalidInput` listing every bad input; `CheckpointError.Incompatible` naming each
 *   difference, or a classifier of other dimensions; `CheckpointError.Corrupted` for a damaged classifier
 */
export async function checkPredictionRequest(
  input: PredictVirusInput,
  manifest: RunManifest,
  signal: AbortSignal,
): Promise<CheckedPredictionRequest> {
  requireNoEmbeddings(manifest, input.directory);
  const sides = describeSides(input);
  const classifier = await requireClassifier(input.model, signal);
  const length = expectedLengthOf(input);
  const scanned = await scanContigs(input, length.expectedLength, signal);
  const sequencesPerFile = await sequencesPerFileOf(input, manifest, scanned, signal);
  const request: PredictionRequest = {
    schema: 1,
    ...locate(scanned),
    expectedLength: length.expectedLength,
    sequencesPerFile,
    classifier: classifier.facts,
    nucleotide: sides.nucleotide.side,
    protein: sides.protein.side,
    onBadCheckpoint: input.onBadCheckpoint ?? 'fail',
    onBadSequence: input.onBadSequence ?? 'fail',
    skipCheckpointValidation: input.skipCheckpointValidation ?? false,
    keepIntermediate: input.keepIntermediate ?? false,
    batchSize: input.batchSize ?? null,
    notes: [...classifier.notes, ...length.notes, ...emptyNotes(scanned), ...absentNotes(scanned, manifest)],
  };
  differencesOf(request, sides, manifest).requireNone(input.directory);
  return { request, manifest: grown(manifest, request, sides) };
}

/**
 * A folder that embeddingRun was accepted for belongs to it.
 *
 * @throws VirnucproError `CheckpointError.Incompatible`
 */
export function requireNoEmbeddings({ prediction, settings }: RunManifest, directory: string): void {
  if (prediction !== undefined || settings === undefined) return;
  throw new VirnucproError(
    FailureType.CheckpointIncompatible,
    `incompatible: ${directory} holds the embeddings of a run without prediction; choose another folder`,
  );
}

/**
 * Looks into a classifier.
 *
 * @throws VirnucproError `RunError.InvalidInput` if there is none, `CheckpointError.Corrupted`, or `CheckpointError.Incompatible`,
 *   also for other dimensions than those of merged checkpoints
 */
export async function requireClassifier(model: string, signal?: AbortSignal): Promise<InspectedClassifier> {
  const classifier = await inspectClassifier(model, signal);
  const { path: file, features, classes } = classifier.facts;
  if (features === MERGED_DIM && classes === 2) return classifier;
  throw new VirnucproError(
    FailureType.CheckpointIncompatible,
    `${file}: incompatible: expected a classifier of ${MERGED_DIM} features and 2 classes, got ${features} and ${classes}; ` +
      'choose a model of VirNucPro (300_model.pth or 500_model.pth)',
  );
}

function locate(scanned: readonly ScannedInput[]): Pick<PredictionRequest, 'inputRoot' | 'inputs'> {
  const inputRoot = commonRoot(scanned.map((file) => file.path));
  return { inputRoot, inputs: scanned.map((file) => inputOf(inputRoot, file)) };
}

function inputOf(inputRoot: string, { path: file, stem, summary }: ScannedInput): PredictionInputFile {
  const { sha256, gzip, records, emptyRecords, windows, letters } = summary;
  return {
    path: path.relative(inputRoot, file),
    stem,
    sha256,
    gzip,
    contigs: records - emptyRecords,
    emptyContigs: emptyRecords,
    letters: [...letters.values()].reduce((sum, count) => sum + count, 0),
    chunks: windows,
  };
}

function emptyNotes(scanned: readonly ScannedInput[]): string[] {
  return scanned
    .filter(({ summary }) => summary.emptyRecords > 0)
    .map(({ path: file, summary: { emptyRecords } }) => {
      return `${file}: ${emptyRecords} ${emptyRecords === 1 ? 'record has' : 'records have'} no sequence and ${emptyRecords === 1 ? 'is' : 'are'} left out`;
    });
}

function absentNotes(scanned: readonly ScannedInput[], manifest: RunManifest): string[] {
  const stems = new Set(scanned.map(({ stem }) => stem));
  const absent = Object.keys(manifest.inputs).filter((stem) => !stems.has(stem));
  return absent.length === 0
    ? []
    : [`this request does not name ${absent.join(', ')} of run.json; what is there of them is kept`];
}

function differencesOf(
  request: PredictionRequest,
  sides: Record<SideName, DescribedSide>,
  { settings, prediction, inputs }: RunManifest,
): Differences {
  const differences = new Differences();
  differences.compare('expected length', settings?.chunkLength, request.expectedLength);
  differences.compare('sequences per file', settings?.sequencesPerFile, request.sequencesPerFile);
  differences.compare('classifier (SHA-256)', prediction?.classifier.sha256, request.classifier.sha256);
  for (const side of SIDES) {
    const { description } = sides[side];
    const bound = prediction?.[side];
    differences.compare(`${side} embedder`, bound?.embedder, description.name);
    if (bound?.embedder === description.name)
      differences.compareEmbedder(`${side} embedder ${description.name}`, bound.fingerprint, description);
  }
  for (const { stem, sha256 } of request.inputs)
    differences.compare(`content of input ${stem} (SHA-256)`, inputs[stem]?.sha256, sha256);
  return differences;
}

/** New inputs are added, nothing is ever taken away. */
function grown(manifest: RunManifest, request: PredictionRequest, sides: Record<SideName, DescribedSide>): RunManifest {
  const bind = ({ description: { name, fingerprint } }: DescribedSide) => ({ embedder: name, fingerprint });
  const inputs = request.inputs.map(({ stem, sha256, chunks }) => [stem, { sha256, windows: chunks }] as const);
  return {
    ...manifest,
    settings: { chunkLength: request.expectedLength, sequencesPerFile: request.sequencesPerFile },
    inputs: { ...manifest.inputs, ...Object.fromEntries(inputs) },
    prediction: {
      classifier: { sha256: request.classifier.sha256 },
      nucleotide: bind(sides.nucleotide),
      protein: bind(sides.protein),
    },
  };
}
