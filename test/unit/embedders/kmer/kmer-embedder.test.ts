import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { kmerFactory } from '../../../../src/embedders/kmer/kmer-factory.ts';
import type { EmbedderOptions } from '../../../../src/embedders/types.ts';
import type { Alphabet } from '../../../../src/sequences/types.ts';

interface Embedded {
  rows: number[][];
  warnings: string[];
}

async function embed(batch: string[], alphabet: Alphabet, options: EmbedderOptions = {}): Promise<Embedded> {
  const description = kmerFactory.describe(options, alphabet);
  const embedder = kmerFactory.create(options, description);
  const warnings: string[] = [];
  const task = { file: 'in.fa', scratchFolder: '', warn: (message: string) => void warnings.push(message) };
  const items = batch.map((sequence, ordinal) => ({ id: `s${ordinal}`, sequence, ordinal }));
  const signal = new AbortController().signal;
  await embedder.start(signal);
  const values = await embedder.embed(task, items, signal);
  await embedder.stop();
  const { dim } = description;
  return { rows: batch.map((_, row) => [...values.subarray(row * dim, (row + 1) * dim)]), warnings };
}

/** All words of a length over an alphabet, in lexicographic order. */
function wordsOver(letters: string, length: number): string[] {
  return length === 0 ? [''] : wordsOver(letters, length - 1).flatMap((word) => [...letters].map((l) => word + l));
}

function reverseComplement(word: string): string {
  const complement: Record<string, string> = { A: 'T', C: 'G', G: 'C', T: 'A' };
  return [...word]
    .toReversed()
    .map((base) => complement[base])
    .join('');
}

function canonical(word: string): string {
  const other = reverseComplement(word);
  return other < word ? other : word;
}

const CANONICAL_WORDS = wordsOver('ACGT', 4).filter((word) => canonical(word) === word);
const DIPEPTIDES = wordsOver('ACDEFGHIKLMNPQRSTVWY', 2);

/** Frequencies by brute force: every word of the sequence is cut out, and counted if it is one of the columns. */
function oracle(sequence: string, columns: string[], length: number, fold: (word: string) => string): number[] {
  const counted: string[] = [];
  for (let start = 0; start + length <= sequence.length; start++) {
    const word = sequence.slice(start, start + length);
    if ([...word].every((letter) => columns.some((column) => column.includes(letter)))) counted.push(fold(word));
  }
  return columns.map((column) =>
    counted.length === 0 ? 0 : Math.fround(counted.filter((word) => word === column).length / counted.length),
  );
}

const nucleotideOracle = (sequence: string) => oracle(sequence.replaceAll('U', 'T'), CANONICAL_WORDS, 4, canonical);
const proteinOracle = (sequence: string) => oracle(sequence, DIPEPTIDES, 2, (word) => word);

function sequences(letters: string): fc.Arbitrary<string> {
  const letter = fc.constantFrom(...letters);
  return fc.string({ unit: letter, maxLength: 200 });
}

describe('kmer: nucleotides', () => {
  test('136 columns, one for each 4-mer or its reverse complement', () => {
    expect(CANONICAL_WORDS).toHaveLength(136);
    expect(kmerFactory.describe({}, 'nucleotide').dim).toBe(136);
  });

  test('any sequence → the counts of a brute-force search', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(sequences('ACGTACGTACGTUNR-'), { maxLength: 4 }), async (batch) => {
        expect((await embed(batch, 'nucleotide')).rows).toEqual(batch.map(nucleotideOracle));
      }),
    );
  });

  test('one word → its canonical column only', async () => {
    const { rows } = await embed(['TTTT', 'AAAA', 'ACGT', 'GGCC'], 'nucleotide');
    const columns = rows.map((row) =>
      row.map((value, column) => (value === 1 ? CANONICAL_WORDS[column] : '')).join(''),
    );
    expect(columns).toEqual(['AAAA', 'AAAA', 'ACGT', 'GGCC']);
  });

  test('a sequence and its reverse complement → the same row', async () => {
    const sequence = 'ACGGTCATTTGACCA';
    const { rows } = await embed([sequence, reverseComplement(sequence)], 'nucleotide');
    expect(rows[0]).toEqual(rows[1]);
  });

  test('no countable word → a row of zeros and one warning naming the first records', async () => {
    const { rows, warnings } = await embed(['ACG', 'ACGT', 'ACNGT', '', 'NNNNNN', 'RRRR'], 'nucleotide');
    expect(rows.map((row) => row.reduce((sum, value) => sum + value))).toEqual([0, 1, 0, 0, 0, 0]);
    expect(warnings).toEqual(['in.fa: no countable word in s0, s2, s3 and 2 more: rows of zeros']);
  });

  test('longer than a slice → other work runs meanwhile, counts unchanged', async () => {
    const sequence = 'ACGTTGCAAC'.repeat(100_000);
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 0);
    const { rows } = await embed([`${sequence}N`, 'ACGT'], 'nucleotide');
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
    const period = 'ACGTTGCAAC'.repeat(2).slice(0, 13);
    const words = Array.from({ length: 10 }, (_, start) => canonical(period.slice(start, start + 4)));
    for (const [column, word] of CANONICAL_WORDS.entries()) {
      expect(rows[0]?.[column]).toBeCloseTo(words.filter((other) => other === word).length / 10, 5);
    }
  });

  test('abort in a long sequence → its reason', async () => {
    const description = kmerFactory.describe({}, 'nucleotide');
    const embedder = kmerFactory.create({}, description);
    const abort = new AbortController();
    const items = [{ id: 's', sequence: 'ACGT'.repeat(1_000_000), ordinal: 0 }];
    const embedding = embedder.embed({ file: 'in.fa', scratchFolder: '' }, items, abort.signal);
    abort.abort(new Error('enough'));
    await expect(embedding).rejects.toThrow('enough');
  });
});

describe('kmer: proteins', () => {
  test('any sequence → the counts of a brute-force search', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(sequences('ACDEFGHIKLMNPQRSTVWYXBZ*-'), { maxLength: 3 }), async (batch) => {
        expect((await embed(batch, 'protein')).rows).toEqual(batch.map(proteinOracle));
      }),
      { numRuns: 50 },
    );
  });

  test('first residue → the slower index', async () => {
    const { rows } = await embed(['AC', 'CA', 'YY'], 'protein');
    expect(rows.map((row) => DIPEPTIDES[row.indexOf(1)])).toEqual(['AC', 'CA', 'YY']);
  });
});

describe('kmer: options', () => {
  test('alphabet given → it is taken, whatever the inputs look like', () => {
    expect(kmerFactory.describe({ alphabet: 'protein' }, 'nucleotide')).toMatchObject({
      dim: 400,
      kind: 'vectors',
      suffix: '_KMER.pt',
      fingerprint: { alphabet: 'protein', dim: 400 },
    });
  });

  test('alphabets → different fingerprints', () => {
    const [one, other] = (['nucleotide', 'protein'] as const).map((found) => kmerFactory.describe({}, found));
    expect(one?.fingerprint).not.toEqual(other?.fingerprint);
  });

  test.each([
    [{ alphabet: 'dna' }, 'option alphabet of embedder kmer: expected nucleotide or protein, got "dna"'],
    [{ k: '5' }, 'embedder kmer has no option "k"; its options are alphabet'],
  ])('%o → refused', (options, message) => {
    expect(() => kmerFactory.describe(options as EmbedderOptions, 'nucleotide')).toThrow(message);
  });
});
