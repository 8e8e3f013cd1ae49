import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const RESIDUES = 'ACDEFGHIKLMNPQRSTVWY';

/** A protein that the seed alone decides. */
export function protein(seed: number, length: number): string {
  let state = (Math.imul(seed, 2654435761) + 12345) >>> 0;
  let letters = '';
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    letters += RESIDUES[(state >>> 16) % RESIDUES.length];
  }
  return letters;
}

/** A record of a FASTA file. */
export type NamedSequence = readonly [id: string, sequence: string];

/** Records `{name}_0`, `{name}_1`, … of these lengths. */
export function proteins(name: string, lengths: readonly number[]): NamedSequence[] {
  return lengths.map((length, at) => [`${name}_${at}`, protein(name.charCodeAt(0) * 1000 + at, length)]);
}

/** Writes a FASTA file into the folder `in` of `parent`. */
export function writeInput(parent: string, file: string, records: readonly NamedSequence[]): void {
  mkdirSync(join(parent, 'in'), { recursive: true });
  writeFileSync(join(parent, 'in', file), records.map(([id, sequence]) => `>${id}\n${sequence}\n`).join(''));
}
