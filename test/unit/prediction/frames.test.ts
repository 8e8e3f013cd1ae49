import { describe, expect, it } from 'vitest';
import { framesWithoutStop } from '../../../src/prediction/frames.ts';

const proteins = (sequence: string) =>
  Object.fromEntries(framesWithoutStop(sequence).map(({ name, protein }) => [name, protein]));
const nucleotides = (sequence: string) =>
  Object.fromEntries(framesWithoutStop(sequence).map((frame) => [frame.name, frame.nucleotides]));

describe('framesWithoutStop', () => {
  it('CCCGGGCCC → six frames in order, one letter behind the last codon where there is one', () => {
    expect(framesWithoutStop('CCCGGGCCC')).toEqual([
      { name: 'F1', nucleotides: 'CCCGGGCCC', protein: 'PGP' },
      { name: 'F2', nucleotides: 'CCGGGCC', protein: 'PG' },
      { name: 'F3', nucleotides: 'CGGGCCC', protein: 'RA' },
      { name: 'R1', nucleotides: 'GGGCCCGGG', protein: 'GPG' },
      { name: 'R2', nucleotides: 'GGCCCGG', protein: 'GP' },
      { name: 'R3', nucleotides: 'GCCCGGG', protein: 'AR' },
    ]);
  });

  it.each(['TAA', 'TAG', 'TGA'])('%s in a frame → that frame is left out', (stop) => {
    expect(proteins(`CCC${stop}CCC`)).not.toHaveProperty('F1');
    const reverse = [...stop].toReversed().map((base) => ({ A: 'T', C: 'G', G: 'C', T: 'A' })[base] as string);
    expect(proteins(`CCC${reverse.join('')}CCC`)).not.toHaveProperty('R1');
  });

  it('lower case → as upper case', () => {
    expect(framesWithoutStop('cccGGGccc')).toEqual(framesWithoutStop('CCCGGGCCC'));
  });

  it('codons with other letters than A, C, G, T → skipped, and the nucleotides end so much earlier', () => {
    expect(proteins('CCCNGGCCCGGG')['F1']).toBe('PPG');
    expect(nucleotides('CCCNGGCCCGGG')['F1']).toBe('CCCNGGCCCG');
    // On the reverse strand they are not complemented.
    expect(nucleotides('CCCRGGCCCGGG')['R1']).toBe('CCCGGGCCRG');
  });

  it.each(['', 'A', 'AC', 'NNNNNNNNN', '---***'])('%j → no frames', (sequence) => {
    expect(framesWithoutStop(sequence)).toEqual([]);
  });

  it('three letters → the two frames that hold a codon', () => {
    expect(proteins('ATG')).toEqual({ F1: 'M', R1: 'H' });
  });

  it('a sequence longer than any before → the whole protein', () => {
    expect(proteins('CCC'.repeat(5000))['F1']).toHaveLength(5000);
  });
});
