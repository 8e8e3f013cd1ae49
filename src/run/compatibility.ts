import * as path from 'node:path';
import { DEFAULT_HEARTBEAT_TIMEOUT_MS } from '../contract/activity-options.ts';
import { FailureType } from '../contract/failure-types.ts';
import { gpuTaskQueue } from '../contract/names.ts';
import type { EmbedderRequest, EmbeddingRunInput, RunTuning } from '../contract/run-request.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { embedderFactory } from '../embedders/registry.ts';
import type { EmbedderDescription } from '../embedders/types.ts';
import { detectAlphabet, isNucleotideLike, type Alphabet } from '../sequences/index.ts';
import { alphabetOf } from './alphabet.ts';
import type { CheckedRequest } from './checked-request.ts';
import { Differences } from './differences.ts';
import {
  commonRoot,
  DEFAULT_SEQUENCES_PER_FILE,
  InputErrors,
  inputFiles,
  scanInputs,
  type ScannedInput,
} from './inputs.ts';
import type { RunManifest } from './manifest.ts';

export const DEFAULT_TUNING: Required<RunTuning> = {
  heartbeatTimeoutMs: DEFAULT_HEARTBEAT_TIMEOUT_MS,
  partitionSize: 500,
  maxInFlight: 32,
  openPartitions: 2,
  partitionsPerExecution: 300,
};

/** A request that fits its folder, and the run.json that it leads to. */
export interface Checked {
  request: CheckedRequest;
  manifest: RunManifest;
}

/**
 * Reads the inputs, describes the embedders and compares both with run.json. Writes nothing.
 *
 * @param manifest undefined or without settings: everything is accepted
 * @throws VirnucproError `RunError.InvalidInput` listing every bad input; `CheckpointError.Incompatible` naming each difference
 */
export async function checkRequest(
  input: EmbeddingRunInput,
  manifest: RunManifest,
  signal: AbortSignal,
): Promise<Checked> {
  requireNoPrediction(manifest, input.directory);
  requireDistinctEmbedders(input.embedders);
  const scanned = await scanInputs(await inputFiles(input), input, signal);
  const descriptions = input.embedders.map((embedder) => describeFor(embedder, input.alphabet, scanned, manifest));
  requireAlphabets(descriptions, input.alphabet, scanned);
  const request = checkedRequest(input, scanned, descriptions, manifest);
  differencesOf(request, manifest).requireNone(input.directory);
  return { request, manifest: grown(manifest, request) };
}

/**
 * A folder that predictVirus was accepted for belongs to it.
 *
 * @throws VirnucproError `CheckpointError.Incompatible`
 */
export function requireNoPrediction({ prediction }: RunManifest, directory: string): void {
  if (prediction === undefined) return;
  throw new VirnucproError(
    FailureType.CheckpointIncompatible,
    `incompatible: ${directory} holds a prediction, whose embeddings are in run folders of their own inside it; choose another folder`,
  );
}

function requireDistinctEmbedders(embedders: readonly EmbedderRequest[]): void {
  const names = embedders.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice === undefined) return;
  throw new VirnucproError(
    FailureType.RunInvalidInput,
    `embedder ${twice} is asked for twice: name each embedder once`,
  );
}

/**
 * An embedder that takes both alphabets decides once per run: by its option, else run.json, else what the request says, else
 * all inputs together.
 */
function describeFor(
  embedder: EmbedderRequest,
  said: Alphabet | undefined,
  scanned: readonly ScannedInput[],
  manifest: RunManifest,
): EmbedderDescription {
  const bound = manifest.embedders[embedder.name]?.fingerprint;
  const letters = new Map<string, number>();
  for (const { summary } of scanned) {
    for (const [letter, count] of summary.letters) letters.set(letter, (letters.get(letter) ?? 0) + count);
  }
  const alphabet = bound === undefined ? (said ?? detectAlphabet(letters)) : alphabetOf(bound);
  return embedderFactory(embedder.name).describe(embedder.options ?? {}, alphabet);
}

/** Sequences of the wrong alphabet would give numbers that mean nothing, hours later. */
function requireAlphabets(
  descriptions: readonly EmbedderDescription[],
  said: Alphabet | undefined,
  scanned: readonly ScannedInput[],
): void {
  const errors = descriptions.flatMap((description) => scanned.flatMap((file) => misfit(description, said, file)));
  if (errors.length > 0) throw new InputErrors(errors);
}

function misfit(
  { name, alphabet }: EmbedderDescription,
  said: Alphabet | undefined,
  { path: file, summary }: ScannedInput,
): string[] {
  if (alphabet === undefined) return [];
  const nucleotides = said === undefined ? isNucleotideLike(summary.letters) : said === 'nucleotide';
  if (nucleotides === (alphabet === 'nucleotide')) return [];
  const share = nucleotides ? 'at least 95 % ACGTN' : 'less than 95 % ACGTN';
  const found = `${nucleotides ? 'nucleotides' : 'proteins'} (${said === undefined ? share : 'says the request'})`;
  const wayOut = nucleotides
    ? 'translate it first or choose an embedder for nucleotides'
    : 'choose an embedder for proteins';
  return [`${file}: holds ${found}, but embedder ${name} takes ${alphabet}s: ${wayOut}`];
}

/** An embedder that takes both alphabets counts what it was decided for; an input of the other kind is worth a word. */
function alphabetNotes(descriptions: readonly EmbedderDescription[], scanned: readonly ScannedInput[]): string[] {
  return descriptions.flatMap(({ name, alphabet, fingerprint }) => {
    const bound = fingerprint['alphabet'];
    if (alphabet !== undefined || bound === undefined) return [];
    return scanned
      .filter(({ summary }) => detectAlphabet(summary.letters) !== bound)
      .map(
        ({ path: file }) =>
          `${file} does not look like ${bound}s, but ${name} counts ${bound} words in this run: records without any get a zero row (--embedder-option ${name}:alphabet=…, in a folder of its own, changes that)`,
      );
  });
}

function checkedRequest(
  input: EmbeddingRunInput,
  scanned: readonly ScannedInput[],
  descriptions: EmbedderDescription[],
  manifest: RunManifest,
): CheckedRequest {
  const inputRoot = commonRoot(scanned.map((file) => file.path));
  const inputs = scanned.map((file) => ({
    path: path.relative(inputRoot, file.path),
    stem: file.stem,
    sha256: file.summary.sha256,
    gzip: file.summary.gzip,
    windows: file.summary.windows,
    parts: file.parts,
  }));
  const stems = new Set(inputs.map(({ stem }) => stem));
  return {
    schema: 1,
    inputRoot,
    inputs,
    absent: Object.keys(manifest.inputs).filter((stem) => !stems.has(stem)),
    descriptions,
    embedders: input.embedders.map(({ name, options, taskQueue }) => ({
      name,
      options: options ?? {},
      taskQueue: taskQueue ?? gpuTaskQueue(name),
    })),
    chunkLength: input.chunkLength ?? null,
    sequencesPerFile: input.sequencesPerFile ?? DEFAULT_SEQUENCES_PER_FILE,
    batchSize: input.batchSize ?? null,
    onBadCheckpoint: input.onBadCheckpoint ?? 'fail',
    onBadSequence: input.onBadSequence ?? 'fail',
    skipCheckpointValidation: input.skipCheckpointValidation ?? false,
    tuning: { ...DEFAULT_TUNING, ...input.tuning },
    notes: input.alphabet === undefined ? alphabetNotes(descriptions, scanned) : [],
  };
}

/** What differs between a request and the run.json of its folder. */
function differencesOf(request: CheckedRequest, manifest: RunManifest): Differences {
  const differences = new Differences();
  differences.compare('chunk length', manifest.settings?.chunkLength, request.chunkLength);
  differences.compare('sequences per file', manifest.settings?.sequencesPerFile, request.sequencesPerFile);
  for (const description of request.descriptions) {
    const { name } = description;
    differences.compareEmbedder(`embedder ${name}`, manifest.embedders[name]?.fingerprint, description);
  }
  for (const { stem, sha256 } of request.inputs)
    differences.compare(`content of input ${stem} (SHA-256)`, manifest.inputs[stem]?.sha256, sha256);
  return differences;
}

/** New inputs and embedders are added, nothing is ever taken away. */
function grown(manifest: RunManifest, request: CheckedRequest): RunManifest {
  const embedders = request.descriptions.map(({ name, fingerprint }) => {
    return [name, { fingerprint: { ...manifest.embedders[name]?.fingerprint, ...fingerprint } }] as const;
  });
  const inputs = request.inputs.map(({ stem, sha256, windows }) => [stem, { sha256, windows }] as const);
  return {
    ...manifest,
    settings: { chunkLength: request.chunkLength, sequencesPerFile: request.sequencesPerFile },
    embedders: { ...manifest.embedders, ...Object.fromEntries(embedders) },
    inputs: { ...manifest.inputs, ...Object.fromEntries(inputs) },
  };
}
