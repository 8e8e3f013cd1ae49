import { badOption } from './embedder-error.ts';
import { fakeFactory } from './fake/fake-factory.ts';
import { kmerFactory } from './kmer/kmer-factory.ts';
import { SIDECAR_FACTORIES } from './sidecar/sidecar-factory.ts';
import type { EmbedderFactory } from './types.ts';

/** Every embedder of this version. */
export const EMBEDDERS: readonly EmbedderFactory[] = [kmerFactory, fakeFactory, ...SIDECAR_FACTORIES];

/** Those that a worker serves unless it is told which: a model takes a device for itself. */
export const DEFAULT_EMBEDDERS: readonly string[] = EMBEDDERS.filter(({ isModel }) => isModel !== true).map(
  ({ name }) => name,
);

/** @throws VirnucproError `RunError.InvalidInput` listing the known names */
export function embedderFactory(name: string): EmbedderFactory {
  const found = EMBEDDERS.find((factory) => factory.name === name);
  if (found !== undefined) return found;
  const known = EMBEDDERS.map((factory) => factory.name).join(', ');
  throw badOption(`unknown embedder "${name}"; this version has ${known}`);
}

/**
 * Whether embedders can work on this machine, as far as a look can tell.
 *
 * @throws VirnucproError `RunError.InvalidInput` saying what is missing, or that there is no such embedder
 */
export function requireEmbedders(names: readonly string[]): void {
  for (const name of names) {
    const missing = embedderFactory(name).missing?.();
    if (missing !== undefined) throw badOption(`embedder ${name}: ${missing}`);
  }
}
