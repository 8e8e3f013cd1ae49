import { basename } from 'node:path';
import type { CheckpointKind } from './types.ts';

/** What sets a kind apart in a file: the keys of its dict, and the name it is saved under. */
export interface KindFacts {
  /** Key of the list of ids. */
  readonly idsKey: string;
  /** Key of the rows. */
  readonly dataKey: string;
  /** Values per row; undefined where the kind leaves it open. */
  readonly dim: number | undefined;
}

/** Values per row of a merged checkpoint: 768 of the nucleotide and 2,560 of the protein embedding. */
const MERGED_DIM = 3328;

export const KINDS: Readonly<Record<Exclude<CheckpointKind, 'generic'>, KindFacts>> = {
  nucleotide: { idsKey: 'nucleotide', dataKey: 'data', dim: 768 },
  protein: { idsKey: 'proteins', dataKey: 'data', dim: 2560 },
  merged: { idsKey: 'ids', dataKey: 'data', dim: MERGED_DIM },
  vectors: { idsKey: 'ids', dataKey: 'data', dim: undefined },
  batch: { idsKey: 'sequence_ids', dataKey: 'embeddings', dim: undefined },
};

/** Names that state what is inside. Vector embedders outside this list have names of their own and state nothing. */
const NAMES: readonly (readonly [RegExp, Exclude<CheckpointKind, 'generic'>])[] = [
  [/_DNABERT_S\.pt$/, 'nucleotide'],
  [/_ESM\.pt$/, 'protein'],
  [/_merged\.pt$/, 'merged'],
  [/_(?:KMER|FAKE|ESM2_(?:8M|150M|650M))\.pt$/, 'vectors'],
  [/^batch_\d{5,}\.pt$/, 'batch'],
];

/** The kind that a file of this name must be; undefined where the name states nothing. */
export function kindFromName(path: string): Exclude<CheckpointKind, 'generic'> | undefined {
  const name = basename(path);
  return NAMES.find(([pattern]) => pattern.test(name))?.[1];
}

/**
 * Recognises a kind from the keys of the dict. `merged` and `vectors` have the same keys: the dimension decides.
 *
 * @param has whether the dict has a key
 * @param dim values per row, undefined if they could not be learned
 */
export function kindFromContent(has: (key: string) => boolean, dim: number | undefined): CheckpointKind {
  if (has('nucleotide') && has('data')) return 'nucleotide';
  if (has('proteins') && has('data')) return 'protein';
  if (has('ids') && has('data')) return dim === MERGED_DIM ? 'merged' : 'vectors';
  if (has('embeddings') && has('sequence_ids')) return 'batch';
  return 'generic';
}

/** What is wrong with rows of `dim` values for this kind; undefined if nothing is. */
export function dimensionProblem(kind: Exclude<CheckpointKind, 'generic'>, dim: number): string | undefined {
  const expected = KINDS[kind].dim;
  if (expected !== undefined && dim !== expected) {
    return `wrong last dimension for ${kind}: expected ${expected}, got ${dim}`;
  }
  if (kind === 'vectors' && dim === MERGED_DIM) return `wrong last dimension for vectors: ${dim} is that of merged`;
  return dim > 0 ? undefined : `wrong last dimension for ${kind}: expected at least 1, got ${dim}`;
}

/** Temporary files and files that were moved aside are not checkpoints. */
export function isCheckpointName(name: string): boolean {
  return name.endsWith('.pt') && !name.startsWith('.') && !name.includes('.bad-');
}
