import { runWorkflowId } from '../contract/names.ts';
import type { EmbedderRequest, EmbeddingRunInput } from '../contract/run-request.ts';
import { embedderFactory } from '../embedders/index.ts';
import { inputFiles } from '../run/inputs.ts';
import { requireNoPrediction } from '../run/compatibility.ts';
import { openManifest } from '../run/manifest.ts';
import { embeddingRunInputSchema } from '../schemas/contract.ts';
import { parse } from '../schemas/parse.ts';
import { digestOfInputs, nameInputs } from './named-inputs.ts';
import type { PreparedWorkflow, RequestDigest } from './start-workflow.ts';

/** What a user asks for: an {@link EmbeddingRunInput} whose inputs may be as many as they like. */
export type RunOptions = Omit<EmbeddingRunInput, 'contract' | 'runId' | 'inputsFile' | 'continued'> & {
  inputs: string[];
};

/** A run that can be started. */
export interface PreparedRun extends PreparedWorkflow {
  input: EmbeddingRunInput;
}

/**
 * Checks what can be checked at once, makes DIR and its run.json and gives the run its id. Inputs must exist; what is in
 * them is checked by the run.
 *
 * @throws VirnucproError `RunError.InvalidInput`
 */
export async function prepareRun(options: RunOptions): Promise<PreparedRun> {
  const checked = await checkOptions(options);
  const { directory } = options;
  const manifest = await openManifest(directory);
  requireNoPrediction(manifest, directory);
  const { runId } = manifest;
  const named = await nameInputs(directory, checked.inputs ?? []);
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

/** Tuning is left out: it changes how a run proceeds, not what it computes. */
function digestOf(input: EmbeddingRunInput): RequestDigest {
  const { inputs = [], embedders, chunkLength, sequencesPerFile, batchSize, onBadCheckpoint } = input;
  return {
    inputs: digestOfInputs(inputs),
    recursive: String(input.recursive ?? false),
    embedders: JSON.stringify(embedders),
    ...(input.alphabet === undefined ? {} : { alphabet: input.alphabet }),
    'chunk length': String(chunkLength ?? 'none'),
    'sequences per file': String(sequencesPerFile ?? 'default'),
    'batch size': String(batchSize ?? 'default'),
    'on bad checkpoint': onBadCheckpoint ?? 'fail',
    'on bad sequence': input.onBadSequence ?? 'fail',
    'skip checkpoint validation': String(input.skipCheckpointValidation ?? false),
  };
}
