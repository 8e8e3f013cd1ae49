import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import type { Embedder, Fingerprint } from '../embedders/types.ts';
import { bindModel } from '../run/model-binding.ts';
import type { LoadedTask } from './task.ts';

/** What can be done where workers have loaded different things, by key of the fingerprint. */
const WAYS_OUT: Readonly<Record<string, string>> = {
  dtype: 'let workers with the same kind of device go on with it, or ask for one dtype (--embedder-option dtype=…)',
};
const SAME_WEIGHTS = 'give every worker the same files, or embed into another folder';

/**
 * Makes a check to be called before each batch: what the embedder has loaded must be what the run folder is bound to. The
 * first task of an embedder binds the folder. A process that has died may come back with something else, so each start
 * is looked at.
 *
 * @returns a function that throws VirnucproError `CheckpointError.Incompatible` naming the difference; errno errors
 */
export function loadedCheck(loaded: LoadedTask): (embedder: Embedder) => Promise<void> {
  const { directory, manifest } = loaded;
  const { name } = loaded.embedder.description;
  let seen: Fingerprint | undefined;
  return async (embedder) => {
    const mine = embedder.loaded;
    if (mine === undefined || mine === seen) return;
    // Its file may be lost where run.json has it still.
    requireSame(name, manifest.embedders[name]?.fingerprint ?? {}, mine);
    requireSame(name, await bindModel(directory, name, mine), mine);
    seen = mine;
  };
}

function requireSame(name: string, bound: Fingerprint, mine: Fingerprint): void {
  for (const [key, value] of Object.entries(mine)) {
    if (bound[key] === undefined || bound[key] === value) continue;
    throw new VirnucproError(
      FailureType.CheckpointIncompatible,
      `incompatible: embedder ${name} of this worker differs in ${key}: ${bound[key]} in run.json, ${value} here; ${WAYS_OUT[key] ?? SAME_WEIGHTS}`,
    );
  }
}
