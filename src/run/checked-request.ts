import type { OnBadSequence, RunRequest } from '../contract/run-request.ts';
import type { EmbedderDescription } from '../embedders/types.ts';
import type { FilePart } from '../sequences/index.ts';
import { loadDocument, storeDocument } from './stored-document.ts';

/** An input file as checkCompatibility found it. */
export interface CheckedInput {
  /** Relative to `inputRoot`. */
  path: string;
  stem: string;
  /** SHA-256 of the decompressed content. */
  sha256: string;
  gzip: boolean;
  windows: number;
  /** What becomes one checkpoint each. */
  parts: Omit<FilePart, 'ids'>[];
}

/** A request whose inputs were read and whose embedders are described: what planRun plans from. */
export interface CheckedRequest extends RunRequest {
  schema: 1;
  inputRoot: string;
  inputs: CheckedInput[];
  /** Inputs of run.json that this request does not name; their checkpoints are kept. */
  absent: string[];
  descriptions: EmbedderDescription[];
  chunkLength: number | null;
  sequencesPerFile: number;
  batchSize: number | null;
  skipCheckpointValidation: boolean;
  onBadSequence: OnBadSequence;
  /** Things to tell the user that stop nothing. */
  notes: string[];
}

/** Writes the request to DIR/.virnucpro/requests/<digest>.json and returns the digest. */
export function storeRequest(directory: string, request: CheckedRequest): Promise<string> {
  return storeDocument(directory, request);
}

export function loadRequest(directory: string, digest: string): Promise<CheckedRequest> {
  return loadDocument<CheckedRequest>(directory, digest);
}
