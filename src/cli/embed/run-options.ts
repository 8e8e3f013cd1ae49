import * as path from 'node:path';
import type { EmbedderRequest } from '../../contract/run-request.ts';
import type { RunOptions } from '../../client/index.ts';
import { embedderRequests, withRandomInit } from '../session/embedder-requests.ts';
import { requestFlags } from '../session/folder-flags.ts';
import type { EmbedFlags } from './embed-flags.ts';

/**
 * The request that the arguments stand for.
 *
 * @param inputs paths as given; made absolute here
 * @throws VirnucproError `RunError.InvalidInput`
 */
export function runOptions(inputs: readonly string[], flags: EmbedFlags): RunOptions {
  const { chunkLength } = flags;
  return {
    directory: path.resolve(flags.out),
    inputs: inputs.map((input) => path.resolve(input)),
    embedders: randomInitOf(flags, embedderRequests(flags.embedder, flags.embedderOption)),
    ...(chunkLength === undefined ? {} : { chunkLength }),
    ...requestFlags(flags),
  };
}

function randomInitOf({ randomInit }: EmbedFlags, requests: EmbedderRequest[]): EmbedderRequest[] {
  return randomInit === true ? withRandomInit(requests, '--embedder') : requests;
}
