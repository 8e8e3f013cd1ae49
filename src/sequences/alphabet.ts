import type { Alphabet } from './types.ts';

/** Share of A, C, G, T, U and N from which letters are taken for nucleotides. Proteins stay far below: about 30 %. */
const NUCLEOTIDE_SHARE = 0.95;

/** Whether the letters are those of nucleotides: at least 95 % A, C, G, T, U or N; gaps and stops are not counted. */
export function isNucleotideLike(letters: ReadonlyMap<string, number>): boolean {
  let total = 0;
  let nucleotides = 0;
  for (const [letter, count] of letters) {
    if (letter === '-' || letter === '*') continue;
    total += count;
    if ('ACGTUN'.includes(letter)) nucleotides += count;
  }
  return total > 0 && nucleotides >= NUCLEOTIDE_SHARE * total;
}

export function detectAlphabet(letters: ReadonlyMap<string, number>): Alphabet {
  return isNucleotideLike(letters) ? 'nucleotide' : 'protein';
}
