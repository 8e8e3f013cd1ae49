/** Frames in the order in which they are tried; the names end the ids of what is kept. */
const FRAME_NAMES = ['F1', 'F2', 'F3', 'R1', 'R2', 'R3'] as const;

/** A reading frame that holds no stop codon. */
export interface Frame {
  name: (typeof FRAME_NAMES)[number];
  /** From the first letter of the frame to one behind its last codon, where the sequence reaches that far. */
  nucleotides: string;
  protein: string;
}

/** Not one of A, C, G, T. */
const OTHER = 4;
const STOP = '*'.charCodeAt(0);
/** Letter (as a byte, either case) → its place in `ACGT`. */
const BASES = basesTable();
/** The standard code, NCBI translation table 1: by first, second and third base in the order A, C, G, T. */
const AMINO_ACIDS = Buffer.from('KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSS*CWCLFLF', 'latin1');
const COMPLEMENT = complementTable();

function basesTable(): Uint8Array {
  const table = new Uint8Array(256).fill(OTHER);
  for (const [place, letter] of [...'ACGT'].entries()) {
    table[letter.charCodeAt(0)] = place;
    table[letter.toLowerCase().charCodeAt(0)] = place;
  }
  return table;
}

function complementTable(): Uint8Array {
  const table = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  for (const [letter, partner] of ['AT', 'CG', 'GC', 'TA']) table[letter!.charCodeAt(0)] = partner!.charCodeAt(0);
  return table;
}

/**
 * The frames of a sequence that VirNucPro embeds: those of the six whose translation is not empty and holds no stop. No
 * start codon is needed and there is no least length.
 *
 * Letters are upper-cased first. Codons with anything but A, C, G, T are left out of the protein, so that the nucleotides
 * of a frame end earlier than its codons where there were such; the reverse strand complements A, C, G and T only. Both are
 * VirNucPro's rules, which its classifiers were trained with.
 *
 * @param sequence letters in ASCII
 */
export function framesWithoutStop(sequence: string): Frame[] {
  const forward = Buffer.from(sequence.toUpperCase(), 'latin1');
  const frames: Frame[] = [];
  const reverse = reverseComplement(forward);
  for (const [index, name] of FRAME_NAMES.entries()) {
    const strand = index < 3 ? forward : reverse;
    const start = index % 3;
    const protein = translate(strand, start);
    if (protein === undefined) continue;
    const end = Math.min(strand.length, start + 1 + 3 * protein.length);
    frames.push({ name, nucleotides: strand.toString('latin1', start, end), protein });
  }
  return frames;
}

function reverseComplement(strand: Buffer): Buffer {
  const reverse = Buffer.allocUnsafe(strand.length);
  for (let at = 0, to = strand.length - 1; at < strand.length; at++, to--) {
    reverse[to] = COMPLEMENT[strand[at] as number] as number;
  }
  return reverse;
}

/** Every amino acid takes three letters, so this is never too short. */
let proteinBytes = Buffer.alloc(1024);

/** @returns undefined if there is a stop, or nothing to translate */
function translate(strand: Buffer, start: number): string | undefined {
  if (proteinBytes.length * 3 < strand.length) proteinBytes = Buffer.alloc(Math.ceil(strand.length / 3));
  let length = 0;
  for (let at = start; at + 2 < strand.length; at += 3) {
    const first = BASES[strand[at] as number] as number;
    const second = BASES[strand[at + 1] as number] as number;
    const third = BASES[strand[at + 2] as number] as number;
    if (first === OTHER || second === OTHER || third === OTHER) continue;
    const aminoAcid = AMINO_ACIDS[first * 16 + second * 4 + third] as number;
    if (aminoAcid === STOP) return undefined;
    proteinBytes[length++] = aminoAcid;
  }
  return length === 0 ? undefined : proteinBytes.toString('latin1', 0, length);
}
