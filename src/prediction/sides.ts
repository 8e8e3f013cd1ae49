import { FailureType } from '../contract/failure-types.ts';
import { gpuTaskQueue } from '../contract/names.ts';
import type { PredictVirusInput } from '../contract/prediction.ts';
import type { EmbedderRequest } from '../contract/run-request.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { embedderFactory } from '../embedders/registry.ts';
import type { EmbedderDescription } from '../embedders/types.ts';
import type { SideName } from './paths.ts';
import type { PredictionSide } from './request.ts';

/** Values of a merged row: checkpoints of kind `merged` have no other number. */
export const MERGED_DIM = 3328;

export const SIDES: readonly SideName[] = ['nucleotide', 'protein'];

/** A side, and what its embedder says of itself. */
export interface DescribedSide {
  side: PredictionSide;
  description: EmbedderDescription;
}

/**
 * Both embedders of a prediction.
 *
 * @throws VirnucproError `RunError.InvalidInput`: no such embedder or option, the wrong alphabet, dimensions that do not
 *   add up to {@link MERGED_DIM}
 */
export function describeSides(
  input: Pick<PredictVirusInput, 'nucleotideEmbedder' | 'proteinEmbedder'>,
): Record<SideName, DescribedSide> {
  const nucleotide = describeSide('nucleotide', input.nucleotideEmbedder ?? { name: 'dnabert-s' });
  const protein = describeSide('protein', input.proteinEmbedder ?? { name: 'esm2-3b' });
  const [first, second] = [nucleotide.side.dim, protein.side.dim];
  if (first + second === MERGED_DIM) return { nucleotide, protein };
  throw new VirnucproError(
    FailureType.RunInvalidInput,
    `embedders ${nucleotide.description.name} and ${protein.description.name} give ${first} + ${second} values a sequence, ` +
      `expected ${MERGED_DIM} together (768 + 2560, as dnabert-s and esm2-3b give): choose others or other options`,
  );
}

function describeSide(side: SideName, { name, options = {}, taskQueue }: EmbedderRequest): DescribedSide {
  const description = embedderFactory(name).describe(options, side);
  const { alphabet, dim, kind, suffix } = description;
  if (alphabet !== undefined && alphabet !== side) {
    const message = `embedder ${name} takes ${alphabet}s: it cannot be the one for ${side}s`;
    throw new VirnucproError(FailureType.RunInvalidInput, message);
  }
  return {
    side: { embedder: { name, options, taskQueue: taskQueue ?? gpuTaskQueue(name) }, dim, kind, suffix },
    description,
  };
}
