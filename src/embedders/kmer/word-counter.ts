const NO_LETTER = 0xff;
const WORD_LENGTH = 4;
const BASES = 'ACGT';
const RESIDUES = 'ACDEFGHIKLMNPQRSTVWY';

/** Counts the words of a kind in a sequence, piece by piece, so that a chromosome does not block the process. */
export interface WordCounter {
  /** Number of columns. */
  readonly columns: number;
  /** Takes the letters from `start` to `end`; pieces of one sequence follow each other. */
  add(sequence: string, start: number, end: number): void;
  /**
   * Ends the sequence: writes the frequencies, which sum to 1, or zeros where no word was countable.
   *
   * @returns whether there was a countable word
   */
  finish(into: Float32Array): boolean;
}

function letterCodes(letters: string): Uint8Array {
  const codes = new Uint8Array(128).fill(NO_LETTER);
  for (const [code, letter] of [...letters].entries()) {
    codes[letter.charCodeAt(0)] = code;
    codes[letter.toLowerCase().charCodeAt(0)] = code;
  }
  return codes;
}

function nucleotideCodes(): Uint8Array {
  const codes = letterCodes(BASES);
  for (const letter of 'Uu') codes[letter.charCodeAt(0)] = BASES.indexOf('T');
  return codes;
}

/** Code of the reverse complement of a 4-mer; a base is 2 bits, the first one the highest, and 3 - b is its complement. */
function reverseComplement(word: number): number {
  let result = 0;
  for (let index = 0; index < WORD_LENGTH; index++) result = (result << 2) | (3 - ((word >> (2 * index)) & 3));
  return result;
}

/** 4-mer → column of its canonical word: the lesser of the word and its reverse complement, in lexicographic order. */
function canonicalColumns(): Uint8Array {
  const columns = new Uint8Array(4 ** WORD_LENGTH);
  let next = 0;
  for (let word = 0; word < columns.length; word++) {
    const other = reverseComplement(word);
    columns[word] = other < word ? (columns[other] as number) : next++;
  }
  return columns;
}

const NUCLEOTIDE_CODES = nucleotideCodes();
const RESIDUE_CODES = letterCodes(RESIDUES);
const CANONICAL_COLUMNS = canonicalColumns();
/** 4-mers that differ from their reverse complement come in pairs: (256 + 16) / 2. */
export const CANONICAL_WORDS = 136;
export const DIPEPTIDES = RESIDUES.length ** 2;

/** Canonical 4-mers of nucleotides: 136 columns. U counts as T; a word with any other letter than A, C, G, T is left out. */
export class CanonicalWordCounter implements WordCounter {
  readonly columns = CANONICAL_WORDS;
  readonly #counts = new Float64Array(4 ** WORD_LENGTH);
  #word = 0;
  #run = 0;

  add(sequence: string, start: number, end: number): void {
    const counts = this.#counts;
    let word = this.#word;
    let run = this.#run;
    for (let position = start; position < end; position++) {
      const code = NUCLEOTIDE_CODES[sequence.charCodeAt(position)] ?? NO_LETTER;
      if (code === NO_LETTER) {
        run = 0;
        continue;
      }
      word = ((word << 2) | code) & 0xff;
      run += 1;
      if (run >= WORD_LENGTH) counts[word] = (counts[word] as number) + 1;
    }
    this.#word = word;
    this.#run = run;
  }

  finish(into: Float32Array): boolean {
    const canonical = new Float64Array(CANONICAL_WORDS);
    for (const [word, count] of this.#counts.entries()) {
      const column = CANONICAL_COLUMNS[word] as number;
      canonical[column] = (canonical[column] as number) + count;
    }
    this.#counts.fill(0);
    this.#run = 0;
    return writeFrequencies(canonical, into);
  }
}

/** Dipeptides of the 20 standard amino acids in alphabetical order: 400 columns, the first residue the slower index. */
export class DipeptideCounter implements WordCounter {
  readonly columns = DIPEPTIDES;
  readonly #counts = new Float64Array(DIPEPTIDES);
  #previous = NO_LETTER;

  add(sequence: string, start: number, end: number): void {
    const counts = this.#counts;
    let previous = this.#previous;
    for (let position = start; position < end; position++) {
      const code = RESIDUE_CODES[sequence.charCodeAt(position)] ?? NO_LETTER;
      if (previous !== NO_LETTER && code !== NO_LETTER) {
        const column = previous * RESIDUES.length + code;
        counts[column] = (counts[column] as number) + 1;
      }
      previous = code;
    }
    this.#previous = previous;
  }

  finish(into: Float32Array): boolean {
    const counted = writeFrequencies(this.#counts, into);
    this.#counts.fill(0);
    this.#previous = NO_LETTER;
    return counted;
  }
}

function writeFrequencies(counts: Float64Array, into: Float32Array): boolean {
  let total = 0;
  for (const count of counts) total += count;
  for (const [column, count] of counts.entries()) into[column] = total === 0 ? 0 : count / total;
  return total > 0;
}
