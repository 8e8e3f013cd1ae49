import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { forgedStateDict, randomClassifier, torchFileOf, type ClassifierWeights } from './classifier-model.ts';
import { listing, sequence } from './run-folder.ts';

/** Letters of a chunk in tests: short enough that a third of all frames of random letters are free of stops. */
export const LENGTH = 60;

/** The classifier of the tests, made once. */
export const CLASSIFIER: ClassifierWeights = randomClassifier({ seed: 3 });

export function writeClassifier(file: string, weights: ClassifierWeights = CLASSIFIER): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, torchFileOf(forgedStateDict(weights)));
  return file;
}

/** Contigs `{name}_0`, … of a few hundred random letters each. */
export function contigs(name: string, count: number): string {
  return Array.from({ length: count }, (_, at) => {
    const letters = sequence(name.length * 1000 + at + 1, 130 + ((at * 97) % 300));
    return `>${name}_${at} a description\n${letters}\n`;
  }).join('');
}

/** Both sides with the fake embedder. */
export const FAKE_SIDES: readonly string[] = [
  ...['--nucleotide-embedder', 'fake', '--nucleotide-option', 'dim=768'],
  ...['--protein-embedder', 'fake', '--protein-option', 'dim=2560'],
];

/** Digest of every file that a prediction gives; not of what tells when and by whom it was made. */
export function resultsOf(directory: string): Record<string, string> {
  const told = /(?:^|\/)(?:run\.json|report\.json|report\.html|failed_[a-z]+\.txt|\.[^/]+)(?:\/|$)/u;
  const files = listing(directory).filter((name) => !told.test(name) && statSync(join(directory, name)).isFile());
  return Object.fromEntries(files.map((name) => [name, digestOf(join(directory, name))]));
}

export function digestOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** Digest and time of each file of a folder: what must not change where nothing may be modified. */
export function stateOf(directory: string): Record<string, string> {
  const names = listing(directory).filter((name) => statSync(join(directory, name)).isFile());
  return Object.fromEntries(
    names.map((name) => [name, `${statSync(join(directory, name)).mtimeMs} ${digestOf(join(directory, name))}`]),
  );
}

/** Rows of a table with its header, by column. */
export function tableOf(file: string): Record<string, string>[] {
  const [header = '', ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
  const names = header.split('\t');
  return lines.map((line) => Object.fromEntries(line.split('\t').map((value, at) => [names[at] ?? '', value])));
}

/** Records of a FASTA file. */
export function recordsOf(file: string): { id: string; letters: string }[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split(/^>/mu)
    .slice(1)
    .map((record) => {
      const [header = '', ...lines] = record.split('\n');
      return { id: header.split(/\s/u)[0] ?? '', letters: lines.join('') };
    });
}
