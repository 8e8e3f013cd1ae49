/** A piece of a sequence under its own id. */
export interface Chunk {
  id: string;
  sequence: string;
}

/** How many chunks of `chunkLength` letters cover a sequence. */
export function countChunks(sequenceLength: number, chunkLength: number): number {
  return Math.ceil(sequenceLength / chunkLength);
}

/**
 * Start of chunk `index`, by VirNucPro's rule: the letters that n = ceil(L/C) chunks have too many are spread as overlaps
 * between neighbours, ceil first. The rule divides them by n although there are n-1 overlaps, so that the last chunk is
 * usually shorter than C; kept, because the classifier's training data were cut this way.
 */
function chunkStart(index: number, sequenceLength: number, chunkLength: number): number {
  const chunks = countChunks(sequenceLength, chunkLength);
  const excess = chunks * chunkLength - sequenceLength;
  const overlap = Math.floor(excess / chunks);
  const longerOverlaps = excess - overlap * (chunks - 1);
  return index * chunkLength - index * overlap - Math.min(index, longerOverlaps);
}

/**
 * Cuts a sequence into chunks of `chunkLength` letters that cover it, ids `{id}_chunk_{k}` with k from 1, also when the
 * sequence is no longer than one chunk.
 *
 * @param chunkLength letters, at least 1
 * @param skip chunks to leave out at the beginning
 */
export function* chunkSequence(
  id: string,
  sequence: string,
  chunkLength: number,
  skip = 0,
): Generator<Chunk, void, undefined> {
  const chunks = countChunks(sequence.length, chunkLength);
  for (let index = skip; index < chunks; index++) {
    const start = chunkStart(index, sequence.length, chunkLength);
    yield { id: chunkId(id, index), sequence: sequence.slice(start, start + chunkLength) };
  }
}

/** @param index from 0 */
export function chunkId(id: string, index: number): string {
  return `${id}_chunk_${index + 1}`;
}
