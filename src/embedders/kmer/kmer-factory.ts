import type { Alphabet } from '../../sequences/types.ts';
import { checkedEmbedder } from '../checked-embedder.ts';
import { OptionReader } from '../options.ts';
import type { Embedder, EmbedderDescription, EmbedderFactory, EmbedderOptions } from '../types.ts';
import { KmerEmbedder } from './kmer-embedder.ts';
import { CANONICAL_WORDS, DIPEPTIDES } from './word-counter.ts';

const OPTIONS = { alphabet: 'nucleotide or protein (default: what the inputs look like)' };
const ALPHABETS: readonly Alphabet[] = ['nucleotide', 'protein'];

function describe(options: EmbedderOptions, found: Alphabet): EmbedderDescription {
  const alphabet = new OptionReader('kmer', options, OPTIONS).oneOf('alphabet', ALPHABETS) ?? found;
  const dim = alphabet === 'nucleotide' ? CANONICAL_WORDS : DIPEPTIDES;
  const model = alphabet === 'nucleotide' ? 'canonical 4-mer frequencies' : 'dipeptide frequencies';
  return {
    name: 'kmer',
    alphabet: undefined,
    dim,
    kind: 'vectors',
    suffix: '_KMER.pt',
    fingerprint: { model, alphabet, dim, dtype: 'float32' },
    batchSize: 32,
  };
}

function create(_options: EmbedderOptions, description: EmbedderDescription): Embedder {
  const alphabet = description.dim === CANONICAL_WORDS ? 'nucleotide' : 'protein';
  return checkedEmbedder(new KmerEmbedder(description, alphabet));
}

export const kmerFactory: EmbedderFactory = {
  name: 'kmer',
  summary: 'word frequencies: canonical 4-mers of nucleotides (136 values), dipeptides of proteins (400); needs no GPU',
  options: OPTIONS,
  slots: 8,
  describe,
  create,
};
