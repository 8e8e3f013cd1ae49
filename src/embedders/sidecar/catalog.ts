import type { Alphabet } from '../../sequences/types.ts';

/** A model that the Python package `virnucpro_sidecar` computes. */
export interface SidecarModel {
  /** Wire name of the embedder. */
  readonly name: string;
  /** Hugging Face id of the published weights. */
  readonly model: string;
  readonly summary: string;
  readonly alphabet: Alphabet;
  readonly kind: 'nucleotide' | 'protein' | 'vectors';
  readonly suffix: string;
  readonly dim: number;
  /** What is averaged: the former leaves the special tokens at both ends out. */
  readonly pooling: 'mean-residues' | 'mean-all-tokens';
  /** Letters; longer sequences are refused, or cut where that is asked for. */
  readonly maxLength: number;
}

const ESM2 = { alphabet: 'protein', pooling: 'mean-residues', maxLength: 1024 } as const;

/** Every model of this version. Dimensions are those of the published weights. */
export const SIDECAR_MODELS: readonly SidecarModel[] = [
  {
    ...ESM2,
    name: 'esm2-3b',
    model: 'facebook/esm2_t36_3B_UR50D',
    summary: 'ESM-2 of 3 billion parameters, as VirNucPro uses it (2560 values); for GPUs',
    kind: 'protein',
    suffix: '_ESM.pt',
    dim: 2560,
  },
  {
    ...ESM2,
    name: 'esm2-650m',
    model: 'facebook/esm2_t33_650M_UR50D',
    summary: 'ESM-2 of 650 million parameters (1280 values)',
    kind: 'vectors',
    suffix: '_ESM2_650M.pt',
    dim: 1280,
  },
  {
    ...ESM2,
    name: 'esm2-150m',
    model: 'facebook/esm2_t30_150M_UR50D',
    summary: 'ESM-2 of 150 million parameters (640 values)',
    kind: 'vectors',
    suffix: '_ESM2_150M.pt',
    dim: 640,
  },
  {
    ...ESM2,
    name: 'esm2-8m',
    model: 'facebook/esm2_t6_8M_UR50D',
    summary: 'ESM-2 of 8 million parameters (320 values); quick on a CPU, too',
    kind: 'vectors',
    suffix: '_ESM2_8M.pt',
    dim: 320,
  },
  {
    name: 'dnabert-s',
    model: 'zhihan1996/DNABERT-S',
    summary: 'DNABERT-S, as VirNucPro uses it (768 values)',
    alphabet: 'nucleotide',
    pooling: 'mean-all-tokens',
    maxLength: 10_000,
    kind: 'nucleotide',
    suffix: '_DNABERT_S.pt',
    dim: 768,
  },
];
