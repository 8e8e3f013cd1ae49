import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openReadingFrames } from '../../../scripts/lib/open-reading-frames.mjs';

const ANY = { shortest: 1, longest: 1000 };
const example = (name: string) => readFileSync(new URL(`../../../examples/${name}`, import.meta.url), 'utf8');

describe('openReadingFrames', () => {
  it('both strands → places on the forward strand, from 1, without the stop codon', () => {
    expect(openReadingFrames('CCATGAAATGGTAAC', ANY)).toEqual([{ start: 3, end: 11, strand: '+', protein: 'MKW' }]);
    expect(openReadingFrames('GTTACCATTTCATGG', ANY)).toEqual([{ start: 5, end: 13, strand: '-', protein: 'MKW' }]);
  });

  it('a frame that runs out of the sequence, or is too short → left out', () => {
    expect(openReadingFrames('ATGAAATGG', ANY)).toEqual([]);
    expect(openReadingFrames('ATGAAATGGTAA', { shortest: 4, longest: 9 })).toEqual([]);
  });

  it('examples/lambda_proteins.faa → the frames of examples/lambda_phage.fa', () => {
    const genome = example('lambda_phage.fa')
      .replace(/^>.*\n/u, '')
      .replaceAll(/\s/gu, '');
    const proteins = openReadingFrames(genome, { shortest: 100, longest: 1000 }).map(({ protein }) => protein);
    const written = example('lambda_proteins.faa')
      .split(/^>.*\n/mu)
      .slice(1);
    expect(written.map((lines) => lines.replaceAll('\n', ''))).toEqual(proteins);
  });
});
