import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { embedderFactory } from '../embedders/registry.ts';
import { alphabetOf } from '../run/alphabet.ts';
import type { LoadedTask } from './task.ts';

/**
 * The embedder of this worker must compute what the run folder was made with: versions of a worker may differ.
 *
 * @throws VirnucproError `CheckpointError.Incompatible` naming the first difference
 */
export function requireFingerprint({ embedder, manifest }: LoadedTask): void {
  const { name, fingerprint } = embedder.description;
  const bound = manifest.embedders[name]?.fingerprint ?? fingerprint;
  const description = embedderFactory(name).describe(embedder.options, alphabetOf(bound));
  const { fingerprint: mine, loadedKeys = [] } = description;
  for (const key of new Set([...Object.keys(bound), ...Object.keys(mine)])) {
    if (bound[key] === mine[key]) continue;
    // Compared when the model is loaded.
    if (loadedKeys.includes(key) && (bound[key] === undefined || mine[key] === undefined)) continue;
    throw new VirnucproError(
      FailureType.CheckpointIncompatible,
      `incompatible: embedder ${name} of this worker differs in ${key}: ${bound[key]} in run.json, ${mine[key]} here; use the version of the worker that the run was started with`,
    );
  }
}
