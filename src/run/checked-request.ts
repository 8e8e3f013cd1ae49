import { createHash } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import type { OnBadSequence, RunRequest } from '../contract/run-request.ts';
import type { EmbedderDescription } from '../embedders/types.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import type { FilePart } from '../sequences/index.ts';
import { createFile } from './atomic-file.ts';
import { internal } from './run-folder.ts';

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

export function sha256Hex(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Writes the request to DIR/.virnucpro/requests/<digest>.json and returns the digest. */
export async function storeRequest(directory: string, request: CheckedRequest): Promise<string> {
  const content = JSON.stringify(request);
  const digest = sha256Hex(content);
  const folder = path.join(directory, internal.requests);
  await nodeFileSystem.makeFolder(folder);
  await createFile(path.join(folder, `${digest}.json`), content);
  return digest;
}

export async function loadRequest(directory: string, digest: string): Promise<CheckedRequest> {
  const content = await fs.readFile(path.join(directory, internal.requests, `${digest}.json`), 'utf8');
  if (sha256Hex(content) !== digest) throw new Error(`request ${digest} in ${directory} was changed on disk`);
  return JSON.parse(content) as CheckedRequest;
}
