// Makes examples/lambda_genes.fa and examples/lambda_proteins.faa: what examples/lambda_phage.fa may code for, as nucleotides
// and as proteins of 100 to 1,000 residues under the same ids, by reading its six frames from each first ATG to the next stop.
import { readFile, writeFile } from 'node:fs/promises';
import { openReadingFrames } from './lib/open-reading-frames.mjs';

const LENGTHS = { shortest: 100, longest: 1000 };
const LINE = /.{1,70}/gu;
const EXAMPLES = new URL('../examples/', import.meta.url);

const genome = await readFile(new URL('lambda_phage.fa', EXAMPLES), 'utf8');
const frames = openReadingFrames(genome.replace(/^>.*\n/u, '').replaceAll(/\s/gu, ''), LENGTHS);

/** @param {'protein' | 'nucleotides'} what */
function fasta(what) {
  const records = frames.map(({ start, end, strand, [what]: letters }) => {
    const id = `lambda_${start}_${end}_${strand === '+' ? 'forward' : 'reverse'}`;
    return `>${id}\n${letters.replaceAll(LINE, '$&\n')}`;
  });
  return records.join('');
}

await writeFile(new URL('lambda_genes.fa', EXAMPLES), fasta('nucleotides'));
await writeFile(new URL('lambda_proteins.faa', EXAMPLES), fasta('protein'));
