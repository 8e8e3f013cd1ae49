// Makes examples/lambda_proteins.faa: the proteins of 100 to 1,000 residues that examples/lambda_phage.fa may code for, by
// reading its six frames from each first ATG to the next stop.
import { readFile, writeFile } from 'node:fs/promises';
import { openReadingFrames } from './lib/open-reading-frames.mjs';

const LENGTHS = { shortest: 100, longest: 1000 };
const LINE = /.{1,70}/gu;

const genome = await readFile(new URL('../examples/lambda_phage.fa', import.meta.url), 'utf8');
const frames = openReadingFrames(genome.replace(/^>.*\n/u, '').replaceAll(/\s/gu, ''), LENGTHS);
const records = frames.map(
  ({ start, end, strand, protein }) =>
    `>lambda_${start}_${end}_${strand === '+' ? 'forward' : 'reverse'} ${protein.length} residues\n${protein.replaceAll(LINE, '$&\n')}`,
);
await writeFile(new URL('../examples/lambda_proteins.faa', import.meta.url), records.join(''));
