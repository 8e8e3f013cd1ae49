import { createHash } from 'node:crypto';
import * as path from 'node:path';
import { runWorkflowId } from '../contract/names.ts';
import type { EmbedderRequest, EmbeddingRunInput } from '../contract/run-request.ts';
import { embedderFactory } from '../embedders/index.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { createFile } from '../run/atomic-file.ts';
import { inputFiles, inputsListing } from '../run/inputs.ts';
import { openManifest, unwritable } from '../run/manifest.ts';
import { internal } from '../run/run-folder.ts';
import { embeddingRunInputSchema, MAX_INLINE_INPUTS } from '../schemas/contract.ts';
import { parse } from '../schemas/parse.ts';

/** Half of what a payload may hold: a run that continues as new carries its state beside its input. */
const MAX_INLINE_BYTES = 32 * 1024;

/** What a user asks for: an {@link EmbeddingRunInput} whose inputs may be as many as they like. */
export type RunOptions = Omit<EmbeddingRunInput, 'contract' | 'runId' | 'inputsFile' | 'continued'> & {
  inputs: string[];
};

/** A run that can be started. */
export interface PreparedRun {
  workflowId: string;
  input: EmbeddingRunInput;
  /** What two starts are compared by, for the memo: small, and readable where they differ. */
  digest: RequestDigest;
}

export type RequestDigest = Readonly<Record<string, string>>;

/**
 * Checks what can be checked at once, makes DIR and its run.json and gives the run its id. Inputs must exist; what is in
 * them is checked by the run.
 *
 * @throws VirnucproError `RunError.InvalidInput`
 */
export async function prepareRun(options: RunOptions): Promise<PreparedRun> {
  const checked = await checkOptions(options);
  const { directory } = options;
  const { runId } = await openManifest(directory);
  const inputs = checked.inputs ?? [];
  const isLong = inputs.length > MAX_INLINE_INPUTS || Buffer.byteLength(JSON.stringify(inputs)) > MAX_INLINE_BYTES;
  const named = isLong ? { inputsFile: await storeInputs(directory, inputs) } : { inputs };
  const { inputs: _, ...rest } = checked;
  return { workflowId: runWorkflowId(runId), input: { ...rest, runId, ...named }, digest: digestOf(checked) };
}

/**
 * The checks of {@link prepareRun} alone: writes nothing.
 *
 * @throws VirnucproError `RunError.InvalidInput`
 */
export async function checkOptions(options: RunOptions): Promise<EmbeddingRunInput> {
  const { inputs, ...rest } = options;
  const input = parse(embeddingRunInputSchema, { contract: 1, ...rest }, 'request');
  checkEmbedders(input.embedders);
  await inputFiles({ ...input, inputs });
  return { ...input, inputs };
}

/**
 * Whether this version has these embedders and options.
 *
 * @throws VirnucproError `RunError.InvalidInput`
 */
export function checkEmbedders(embedders: readonly EmbedderRequest[]): void {
  for (const { name, options } of embedders) embedderFactory(name).describe(options ?? {}, 'nucleotide');
}

async function storeInputs(directory: string, inputs: readonly string[]): Promise<string> {
  const { name, content } = inputsListing(inputs);
  try {
    await nodeFileSystem.makeFolder(path.join(directory, internal.inputs));
    await createFile(path.join(directory, name), content);
  } catch (error) {
    throw unwritable(directory, error);
  }
  return name;
}

/** Tuning is left out: it changes how a run proceeds, not what it computes. */
function digestOf(input: EmbeddingRunInput): RequestDigest {
  const { inputs = [], embedders, chunkLength, sequencesPerFile, batchSize, onBadCheckpoint } = input;
  const listed = createHash('sha256').update(inputs.join('\0')).digest('hex').slice(0, 16);
  return {
    inputs: `${inputs.length} (${inputs[0] ?? ''}${inputs.length > 1 ? ', …' : ''}, digest ${listed})`,
    recursive: String(input.recursive ?? false),
    embedders: JSON.stringify(embedders),
    'chunk length': String(chunkLength ?? 'none'),
    'sequences per file': String(sequencesPerFile ?? 'default'),
    'batch size': String(batchSize ?? 'default'),
    'on bad checkpoint': onBadCheckpoint ?? 'fail',
    'on bad sequence': input.onBadSequence ?? 'fail',
    'skip checkpoint validation': String(input.skipCheckpointValidation ?? false),
  };
}
