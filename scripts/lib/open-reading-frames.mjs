/** Amino acids by codon, in the order TCAG of each base (NCBI translation table 11, which differs from 1 in its starts only). */
const CODE = 'FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG';
const BASES = 'TCAG';
const COMPLEMENT = new Map([...'ACGT'].map((base, at) => [base, 'TGCA'.charAt(at)]));

/**
 * An open reading frame: from an ATG to the codon before the next stop.
 *
 * @typedef {object} OpenReadingFrame
 * @property {number} start first base on the forward strand, from 1
 * @property {number} end last base on the forward strand, stop codon left out
 * @property {'+' | '-'} strand
 * @property {string} protein
 * @property {string} nucleotides that code for it, in its direction
 */

/**
 * The longest open reading frames of each stop: those that begin at the first ATG after the stop before. Frames that run out
 * of the sequence are left out.
 *
 * @param {string} sequence of A, C, G and T
 * @param {{ shortest: number, longest: number }} lengths of the proteins, in residues
 * @returns {OpenReadingFrame[]} by start
 */
export function openReadingFrames(sequence, lengths) {
  const reverse = [...sequence]
    .toReversed()
    .map((base) => COMPLEMENT.get(base))
    .join('');
  const forwards = framesOf(sequence, lengths).map((frame) => ({ ...frame, strand: /** @type {const} */ ('+') }));
  const backwards = framesOf(reverse, lengths).map((frame) => {
    const place = { start: sequence.length + 1 - frame.end, end: sequence.length + 1 - frame.start };
    return { ...frame, ...place, strand: /** @type {const} */ ('-') };
  });
  return [...forwards, ...backwards].toSorted((a, b) => a.start - b.start);
}

/**
 * @param {string} strand
 * @param {{ shortest: number, longest: number }} lengths
 * @returns {Omit<OpenReadingFrame, 'strand'>[]}
 */
function framesOf(strand, { shortest, longest }) {
  const found = [];
  for (const offset of [0, 1, 2]) {
    const residues = translate(strand.slice(offset));
    for (const { 0: protein, index } of residues.matchAll(/M[^*]*(?=\*)/gu)) {
      if (protein.length < shortest || protein.length > longest) continue;
      const start = offset + 3 * index + 1;
      const end = start + 3 * protein.length - 1;
      found.push({ start, end, protein, nucleotides: strand.slice(start - 1, end) });
    }
  }
  return found;
}

/** @param {string} bases */
function translate(bases) {
  const codons = bases.match(/.{3}/gu) ?? [];
  return codons.map((codon) => CODE.charAt([...codon].reduce((at, base) => 4 * at + BASES.indexOf(base), 0))).join('');
}
