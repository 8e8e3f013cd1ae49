import { describe, expect, test } from 'vitest';
import { detectAlphabet, isNucleotideLike } from '../../../src/sequences/index.ts';

function letters(counts: Record<string, number>): Map<string, number> {
  return new Map(Object.entries(counts));
}

describe('detectAlphabet', () => {
  test.each([
    ['DNA', { A: 30, C: 20, G: 20, T: 30 }, 'nucleotide'],
    ['RNA with N', { A: 30, C: 20, G: 20, U: 20, N: 10 }, 'nucleotide'],
    ['exactly 95 % nucleotides', { A: 95, R: 5 }, 'nucleotide'],
    ['just below 95 %', { A: 949, R: 51 }, 'protein'],
    ['protein', { M: 1, K: 5, A: 8, G: 7, T: 5, C: 1, L: 10 }, 'protein'],
    ['gaps and stops are not counted', { A: 10, '-': 100, '*': 100 }, 'nucleotide'],
  ] as const)('%s', (_title, counts, expected) => {
    expect(detectAlphabet(letters(counts))).toBe(expected);
    expect(isNucleotideLike(letters(counts))).toBe(expected === 'nucleotide');
  });

  test('no letters at all → not like nucleotides', () => expect(isNucleotideLike(new Map())).toBe(false));
});
