import { describe, expect, test } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { assertDistinctOutputs, inputStem, outputName } from '../../../src/sequences/index.ts';

describe('inputStem', () => {
  test.each([
    ['/data/phage.fa', 'phage'],
    ['phage.FASTA.gz', 'phage'],
    ['a.b.fna', 'a.b'],
    ['reads.txt', 'reads.txt'],
    ['reads.txt.gz', 'reads.txt'],
    ['a.fa.fa', 'a.fa'],
    ['fasta', 'fasta'],
  ])('%s → %s', (path, stem) => {
    expect(inputStem(path)).toBe(stem);
  });

  test.each(['.fa', '.hidden.fa', 'x.bad-1.fa'])('%s → refused: its outputs would be overlooked', (path) => {
    expect(() => inputStem(path)).toThrow(/^\S+: outputs are named after the input/u);
  });
});

describe('outputName', () => {
  test('whole file → {stem}{suffix}', () => expect(outputName('a', undefined, '_KMER.pt')).toBe('a_KMER.pt'));
  test('part → {stem}_{part}{suffix}', () => expect(outputName('a', 12, '_KMER.pt')).toBe('a_12_KMER.pt'));
});

describe('assertDistinctOutputs', () => {
  test('different names → accepted', () => {
    const outputs = [
      { name: 'a_KMER.pt', input: 'a.fa' },
      { name: 'b_KMER.pt', input: 'b.fa' },
    ];
    expect(() => assertDistinctOutputs(outputs)).not.toThrow();
  });

  test.each([
    ['same name', 'a_KMER.pt', 'a_KMER.pt'],
    ['differing in case', 'A_KMER.pt', 'a_KMER.pt'],
    ['differing in Unicode form', 'e\u{301}_KMER.pt', '\u{e9}_KMER.pt'],
  ])('%s → refused naming both inputs', (_title, one, other) => {
    const outputs = [
      { name: one, input: 'x/a.fa' },
      { name: other, input: 'y/a.fna' },
    ];
    const message = `x/a.fa and y/a.fna would both be written to ${other}; rename one of them`;
    expect(() => assertDistinctOutputs(outputs)).toThrow(
      expect.objectContaining({ type: FailureType.RunInvalidInput, message }),
    );
  });
});
