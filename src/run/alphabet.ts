import type { Fingerprint } from '../embedders/types.ts';
import type { Alphabet } from '../sequences/index.ts';

/** The alphabet that a fingerprint binds; nucleotides where it binds none, since it then changes nothing. */
export function alphabetOf(fingerprint: Fingerprint): Alphabet {
  return fingerprint['alphabet'] === 'protein' ? 'protein' : 'nucleotide';
}
