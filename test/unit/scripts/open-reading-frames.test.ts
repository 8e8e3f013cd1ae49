import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openReadingFrames } from '../../../scripts/lib/open-reading-frames.mjs';

const ANY = { shortest: 1, longest: 1000 };
const example = (name: string) => readFileSync(new URL(`../../../examples/${name}`, import.meta.url), 'utf8');

describe('openReadingFrames', () => {
  it('both strands → places on the forward strand, from 1, without the stop codon', () => {
    expect(openReadingFrames('CCATGAAATGGTAAC', ANY)).toEqual([
      { start: 3, end: 11, strand: '+', protein: 'MKW', nucleotides: 'ATGAAATGG' },
    ]);
    expect(openReadingFrames('GTTACCATTTCATGG', ANY)).toEqual([
      { start: 5, end: 13, strand: '-', protein: 'MKW', nucleotides: 'ATGAAATGG' },
    ]);
  });

  it('a frame that runs out of the sequence, or is too short → left out', () => {
    expect(openReadingFrames('ATGAAATGG', ANY)).toEqual([]);
    expect(openReadingFrames('ATGAAATGGTAA', { shortest: 4, longest: 9 })).toEqual([]);
  });

  it('examples/lambda_genes.fa and lambda_proteins.faa → the frames of examples/lambda_phage.fa, under the same ids', () => {
    const genome = example('lambda_phage.fa')
      .replace(/^>.*\n/u, '')
      .replaceAll(/\s/gu, '');
    const frames = openReadingFrames(genome, { shortest: 100, longest: 1000 });
    const [genes, proteins] = [recordsOf(example('lambda_genes.fa')), recordsOf(example('lambda_proteins.faa'))];
    expect([...genes.values()]).toEqual(frames.map(({ nucleotides }) => nucleotides));
    expect([...proteins.values()]).toEqual(frames.map(({ protein }) => protein));
    expect([...genes.keys()]).toEqual([...proteins.keys()]);
  });
});

function recordsOf(fasta: string): Map<string, string> {
  const records = fasta
    .split('>')
    .slice(1)
    .map((record) => record.split('\n'));
  return new Map(records.map(([id = '', ...lines]) => [id, lines.join('')]));
}
