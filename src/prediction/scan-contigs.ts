import type { PredictVirusInput } from '../contract/prediction.ts';
import { InputErrors, inputFiles, scanInputs, type ScannedInput } from '../run/inputs.ts';
import { mapLimited } from '../run/limited.ts';
import { assertDistinctOutputs, isNucleotideLike, readRecords, type InputFile } from '../sequences/index.ts';

/** Letters are counted and chunks are only numbered here: parts of this size keep few ids in memory. */
const WINDOWS_AT_ONCE = 10_000;
/** `_chunk_`, up to nine digits (a record has at most 2^28 letters), and the name of a frame such as `F1`. */
const ID_SUFFIX_BYTES = 18;
const READING = { sequencesPerFile: WINDOWS_AT_ONCE, emptyRecords: 'keep', idSuffixBytes: ID_SUFFIX_BYTES } as const;
/** Files that are read once more to say where their U is. */
const FILES_AT_ONCE = 8;

/**
 * Reads every input of a prediction once.
 *
 * @param chunkLength letters
 * @throws VirnucproError `RunError.InvalidInput` listing every input that cannot be used: no FASTA, proteins, RNA
 */
export async function scanContigs(
  { directory, inputs, inputsFile, recursive }: PredictVirusInput,
  chunkLength: number,
  signal: AbortSignal,
): Promise<ScannedInput[]> {
  const named = {
    directory,
    ...(inputs && { inputs }),
    ...(inputsFile !== undefined && { inputsFile }),
    ...(recursive !== undefined && { recursive }),
  };
  const files = await inputFiles(named);
  requireDistinctStems(files);
  const scanned = await scanInputs(files, { ...named, ...READING, chunkLength }, signal);
  const errors = await mapLimited(scanned, FILES_AT_ONCE, (input) => problemOf(input, signal));
  const found = errors.filter((error) => error !== undefined);
  if (found.length > 0) throw new InputErrors(found);
  return scanned;
}

function requireDistinctStems(files: readonly InputFile[]): void {
  assertDistinctOutputs(files.map(({ path: file, stem }) => ({ name: `${stem}_merged`, input: file })));
}

async function problemOf(
  { path: file, summary: { letters } }: ScannedInput,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (letters.size > 0 && !isNucleotideLike(letters)) {
    return `${file}: holds proteins (less than 95 % ACGTN), but a prediction starts from nucleotides and translates them itself`;
  }
  if (!letters.has('U')) return undefined;
  return (
    `${await firstWithU(file, signal)} holds the letter U of RNA: codons with U are skipped, so no stop codon would be seen; ` +
    `write T for U in the sequences, e.g. with: sed '/^>/!y/Uu/Tt/' rna.fa > dna.fa`
  );
}

async function firstWithU(file: string, signal: AbortSignal): Promise<string> {
  for await (const { id, line, sequence } of readRecords(file, { signal, emptyRecords: 'keep' })) {
    if (sequence.includes('U')) return `${file}:${line}: record "${id}"`;
  }
  return `${file}:`;
}
