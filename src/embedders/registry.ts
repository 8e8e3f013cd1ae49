import { badOption } from './embedder-error.ts';
import { fakeFactory } from './fake/fake-factory.ts';
import { kmerFactory } from './kmer/kmer-factory.ts';
import type { EmbedderFactory } from './types.ts';

/** Every embedder of this version. */
export const EMBEDDERS: readonly EmbedderFactory[] = [kmerFactory, fakeFactory];

/** @throws VirnucproError `RunError.InvalidInput` listing the known names */
export function embedderFactory(name: string): EmbedderFactory {
  const found = EMBEDDERS.find((factory) => factory.name === name);
  if (found !== undefined) return found;
  const known = EMBEDDERS.map((factory) => factory.name).join(', ');
  throw badOption(`unknown embedder "${name}"; this version has ${known}`);
}
