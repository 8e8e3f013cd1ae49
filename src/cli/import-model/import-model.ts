import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ClassifierFacts } from '../../classifier/index.ts';
import { convertClassifier } from '../../classifier/index.ts';
import { FailureType } from '../../contract/failure-types.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { createFile } from '../../run/atomic-file.ts';

/** What was found in the input, and what was made of it. */
export interface ImportedModel extends Omit<ClassifierFacts, 'path' | 'sha256'> {
  /** `existing`: a file with the same content had the name, and was kept. */
  outcome: 'imported' | 'existing';
  input: string;
  output: string;
  /** Element type in the input; float32 in the output. */
  dtype: string;
  /** Of the batch normalization. */
  eps: number;
  /** Of the output. */
  bytes: number;
  sha256: string;
  /** SHA-256 of the input. */
  source: string;
  /** What a person should know about the input. */
  notes: string[];
}

const EXTENSION = '.safetensors';

/**
 * Writes a classifier as a safetensors file: under its name complete, or not at all.
 *
 * @throws VirnucproError `RunError.InvalidInput`: no input, no folder for the output, another extension;
 *   `CheckpointError.Corrupted`, `CheckpointError.Incompatible`: what the input is, or another file has the name
 */
export async function importClassifier(input: string, output: string, signal: AbortSignal): Promise<ImportedModel> {
  if (!output.toLowerCase().endsWith(EXTENSION)) throw invalid(output, `the output must end in ${EXTENSION}`);
  const { facts, notes, dtype, eps, bytes } = await convertClassifier(input, signal);
  const { path: _, sha256: source, ...layers } = facts;
  signal.throwIfAborted();
  const outcome = await publish(output, bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { outcome, input, output, ...layers, dtype, eps, bytes: bytes.length, sha256, source, notes };
}

async function publish(output: string, bytes: Uint8Array): Promise<ImportedModel['outcome']> {
  try {
    if (await createFile(output, bytes)) return 'imported';
    if ((await readFile(output)).equals(bytes)) return 'existing';
  } catch (error) {
    throw invalid(output, `cannot be written: ${(error as Error).message}`);
  }
  throw new VirnucproError(
    FailureType.CheckpointIncompatible,
    `${output}: incompatible: another file is there; move it away, or choose another name`,
  );
}

function invalid(path: string, text: string): VirnucproError {
  return new VirnucproError(FailureType.RunInvalidInput, `${path}: ${text}`);
}
