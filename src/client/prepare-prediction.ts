import { runWorkflowId } from '../contract/names.ts';
import type { PredictVirusInput } from '../contract/prediction.ts';
import { requireClassifier, requireNoEmbeddings } from '../prediction/check-request.ts';
import { describeSides } from '../prediction/sides.ts';
import { inputFiles } from '../run/inputs.ts';
import { openManifest } from '../run/manifest.ts';
import { parse } from '../schemas/parse.ts';
import { predictVirusInputSchema } from '../schemas/prediction.ts';
import { digestOfInputs, nameInputs } from './named-inputs.ts';
import type { PreparedWorkflow, RequestDigest } from './start-workflow.ts';

/** What a user asks for: a {@link PredictVirusInput} whose inputs may be as many as they like. */
export type PredictionOptions = Omit<PredictVirusInput, 'contract' | 'runId' | 'inputsFile' | 'continued'> & {
  inputs: string[];
};

/** A prediction that can be started. */
export interface PreparedPrediction extends PreparedWorkflow {
  input: PredictVirusInput;
}

/**
 * Checks what can be checked at once, makes DIR and its run.json and gives the prediction its id. Inputs must exist; what is
 * in them is checked by the prediction.
 *
 * @throws VirnucproError `RunError.InvalidInput`; `CheckpointError.Incompatible` if DIR holds something else, or the
 *   classifier has other dimensions; `CheckpointError.Corrupted` if it is damaged
 */
export async function preparePrediction(options: PredictionOptions): Promise<PreparedPrediction> {
  const checked = await checkPredictionOptions(options);
  const { directory } = options;
  const manifest = await openManifest(directory);
  requireNoEmbeddings(manifest, directory);
  const { runId } = manifest;
  const named = await nameInputs(directory, checked.inputs ?? []);
  const { inputs: _, ...rest } = checked;
  return { workflowId: runWorkflowId(runId), input: { ...rest, runId, ...named }, digest: digestOf(checked) };
}

/**
 * The checks of {@link preparePrediction} alone: writes nothing.
 *
 * @throws VirnucproError `RunError.InvalidInput`
 */
export async function checkPredictionOptions(options: PredictionOptions): Promise<PredictVirusInput> {
  const { inputs, ...rest } = options;
  const input: PredictVirusInput = parse(predictVirusInputSchema, { contract: 1, ...rest }, 'request');
  describeSides(input);
  await inputFiles({ ...input, inputs });
  await requireClassifier(input.model);
  return { ...input, inputs };
}

/** Tuning is left out: it changes how a prediction proceeds, not what it computes. */
function digestOf(input: PredictVirusInput): RequestDigest {
  const { nucleotide, protein } = describeSides(input);
  return {
    inputs: digestOfInputs(input.inputs ?? []),
    recursive: String(input.recursive ?? false),
    model: input.model,
    'expected length': String(input.expectedLength ?? 'default'),
    'nucleotide embedder': JSON.stringify(nucleotide.side.embedder),
    'protein embedder': JSON.stringify(protein.side.embedder),
    'sequences per file': String(input.sequencesPerFile ?? 'default'),
    'batch size': String(input.batchSize ?? 'default'),
    'on bad checkpoint': input.onBadCheckpoint ?? 'fail',
    'on bad sequence': input.onBadSequence ?? 'fail',
    'skip checkpoint validation': String(input.skipCheckpointValidation ?? false),
    'keep intermediate': String(input.keepIntermediate ?? false),
  };
}
