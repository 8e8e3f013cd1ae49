import { basename } from 'node:path';
import { inputError } from './input-error.ts';

const FASTA_EXTENSION = /\.(fa|fasta|fna|ffn|faa|fas)$/iu;
const GZIP_EXTENSION = /\.gz$/iu;

/** Whether a folder gives this file: it ends as FASTA files do, perhaps with `.gz`, and is not hidden. */
export function hasFastaName(fileName: string): boolean {
  return !fileName.startsWith('.') && FASTA_EXTENSION.test(fileName.replace(GZIP_EXTENSION, ''));
}

/**
 * What the outputs of an input are named after: its base name less `.gz` and the FASTA extension.
 *
 * @throws VirnucproError `RunError.InvalidInput` if the outputs would have names that are not taken for checkpoints
 */
export function inputStem(path: string): string {
  const name = basename(path);
  const stem = name.replace(GZIP_EXTENSION, '').replace(FASTA_EXTENSION, '');
  if (stem === '' || stem.startsWith('.') || stem.includes('.bad-')) {
    throw inputError(
      `${path}: outputs are named after the input, and names that start with "." or contain ".bad-" are not taken for ` +
        'checkpoints; rename the file or link it under another name',
    );
  }
  return stem;
}

/**
 * File name of a checkpoint: `{stem}{suffix}`, of a part of a split file `{stem}_{part}{suffix}`.
 *
 * @param part from 1; undefined if the file is not split
 * @param suffix of the embedder, e.g. `_KMER.pt`
 */
export function outputName(stem: string, part: number | undefined, suffix: string): string {
  return part === undefined ? `${stem}${suffix}` : `${stem}_${part}${suffix}`;
}

/**
 * Refuses two outputs of one name. Compared without case, as file systems that ignore it would.
 *
 * @throws VirnucproError `RunError.InvalidInput` naming the output and both inputs
 */
export function assertDistinctOutputs(outputs: Iterable<{ name: string; input: string }>): void {
  const owners = new Map<string, string>();
  for (const { name, input } of outputs) {
    const key = name.normalize('NFC').toLowerCase();
    const other = owners.get(key);
    if (other !== undefined) {
      throw inputError(`${other} and ${input} would both be written to ${name}; rename one of them`);
    }
    owners.set(key, input);
  }
}
