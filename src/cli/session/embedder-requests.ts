import { existsSync } from 'node:fs';
import * as path from 'node:path';
import { FailureType } from '../../contract/failure-types.ts';
import type { EmbedderRequest } from '../../contract/run-request.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { EMBEDDERS, embedderFactory } from '../../embedders/index.ts';

/** Options of the command, for messages. */
export interface EmbedderFlags {
  /** That names the embedders. */
  embedder: string;
  /** That gives their options. */
  option: string;
}

const EMBED_FLAGS: EmbedderFlags = { embedder: '--embedder', option: '--embedder-option' };

/**
 * Requests of embedders by name. An option without `embedder:` goes to every embedder that knows it.
 *
 * @throws VirnucproError `RunError.InvalidInput`
 */
export function embedderRequests(
  names: readonly string[],
  options: readonly string[],
  flags: EmbedderFlags = EMBED_FLAGS,
): EmbedderRequest[] {
  const badOption = (option: string, problem: string) =>
    new VirnucproError(FailureType.RunInvalidInput, `${flags.option} ${option}: ${problem}`);
  const requests = names.map((name) => ({ name, options: {} as Record<string, string> }));
  for (const option of options) {
    const { embedder, key, value } = parseOption(option, badOption);
    if (embedder !== undefined && !names.includes(embedder))
      throw badOption(option, `embedder "${embedder}" is not asked for with ${flags.embedder} (${names.join(', ')})`);
    const takers = requests.filter(({ name }) =>
      embedder === undefined ? names.length === 1 || key in embedderFactory(name).options : name === embedder,
    );
    if (takers.length === 0) throw badOption(option, `no embedder of this run has the option "${key}"`);
    for (const taker of takers) taker.options[key] = isPath(taker.name, key, value) ? path.resolve(value) : value;
  }
  return requests;
}

/**
 * Random weights for each embedder that has weights.
 *
 * @param flag that names embedders, for messages
 * @throws VirnucproError `RunError.InvalidInput` if none of them has
 */
export function withRandomInit(requests: EmbedderRequest[], flag: string): EmbedderRequest[] {
  if (!requests.some(({ name }) => isModel(name))) {
    const models = EMBEDDERS.filter(({ name }) => isModel(name)).map(({ name }) => name);
    throw new VirnucproError(
      FailureType.RunInvalidInput,
      `--random-init is for models (${models.join(', ')}), and none of them is asked for with ${flag}; leave it out`,
    );
  }
  return requests.map((request) =>
    isModel(request.name) ? { ...request, options: { ...request.options, randomInit: 'true' } } : request,
  );
}

function isModel(embedder: string): boolean {
  return embedderFactory(embedder).isModel === true;
}

function isPath(embedder: string, key: string, value: string): boolean {
  const { pathOptions = [], folderOptions = [] } = embedderFactory(embedder);
  return pathOptions.includes(key) || (folderOptions.includes(key) && isFolder(value));
}

/** Anything that looks like a path is taken for one, so that a missing folder is not looked for on a hub. */
function isFolder(value: string): boolean {
  return /^\.{0,2}\//u.test(value) || value === '.' || value === '..' || existsSync(path.resolve(value));
}

function parseOption(
  option: string,
  badOption: (option: string, problem: string) => VirnucproError,
): { embedder?: string; key: string; value: string } {
  const equals = option.indexOf('=');
  if (equals < 1) throw badOption(option, 'expected [embedder:]key=value');
  const left = option.slice(0, equals);
  const value = option.slice(equals + 1);
  const colon = left.indexOf(':');
  if (colon < 0) return { key: left, value };
  return { embedder: left.slice(0, colon), key: left.slice(colon + 1), value };
}
