import type { ClassifierFacts } from '../classifier/index.ts';
import type { EmbedderRequest, OnBadCheckpoint, OnBadSequence } from '../contract/run-request.ts';
import { loadDocument, storeDocument } from '../run/stored-document.ts';

/** A FASTA file of a prediction, as the check of its request found it. */
export interface PredictionInputFile {
  /** Relative to `inputRoot`. */
  path: string;
  stem: string;
  /** Of the decompressed content. */
  sha256: string;
  gzip: boolean;
  /** Records with a sequence. */
  contigs: number;
  /** Records without one, which are left out. */
  emptyContigs: number;
  letters: number;
  chunks: number;
}

/** One of the two embeddings that a prediction rests on. */
export interface PredictionSide {
  embedder: Required<EmbedderRequest>;
  /** Values of a row. */
  dim: number;
  kind: 'nucleotide' | 'protein' | 'vectors';
  /** Ends the names of its checkpoints, e.g. `_DNABERT_S.pt`. */
  suffix: string;
}

/** A request whose inputs were read, whose embedders are described and whose classifier was looked into: what every stage starts from. */
export interface PredictionRequest {
  schema: 1;
  inputRoot: string;
  inputs: PredictionInputFile[];
  /** Letters per chunk. */
  expectedLength: number;
  sequencesPerFile: number;
  classifier: ClassifierFacts;
  nucleotide: PredictionSide;
  protein: PredictionSide;
  onBadCheckpoint: OnBadCheckpoint;
  onBadSequence: OnBadSequence;
  skipCheckpointValidation: boolean;
  keepIntermediate: boolean;
  batchSize: number | null;
  /** Things to tell the user that stop nothing. */
  notes: string[];
}

/** Writes the request to DIR/.virnucpro/requests/<digest>.json and returns the digest. */
export function storePredictionRequest(directory: string, request: PredictionRequest): Promise<string> {
  return storeDocument(directory, request);
}

/** @throws Error if the file is not what was stored; errno errors */
export function loadPredictionRequest(directory: string, digest: string): Promise<PredictionRequest> {
  return loadDocument<PredictionRequest>(directory, digest);
}
