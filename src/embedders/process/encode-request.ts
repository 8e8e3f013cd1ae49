import { FailureType } from '../../contract/failure-types.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import type { EmbedItem, EmbedTask } from '../types.ts';
import { MAX_PAYLOAD_BYTES } from './frames.ts';

/** A batch as it goes to a process. */
export interface EncodedRequest {
  header: object;
  /** Letters of all sequences, one byte each. */
  payload: Buffer;
}

/**
 * The request of a batch: `{task: {file, scratchFolder}, items: [{id, ordinal, length}]}` with the letters of all sequences
 * as its payload.
 *
 * @param name of the embedder, for messages
 * @throws VirnucproError `EmbeddingError.OutOfMemory` if the letters do not fit one frame
 */
export function encodeRequest(name: string, task: EmbedTask, items: readonly EmbedItem[]): EncodedRequest {
  const header = {
    task: { file: task.file, scratchFolder: task.scratchFolder },
    items: items.map(({ id, ordinal, sequence }) => ({ id, ordinal, length: sequence.length })),
  };
  return { header, payload: joinLetters(name, items) };
}

function joinLetters(name: string, items: readonly EmbedItem[]): Buffer {
  let length = 0;
  for (const { sequence } of items) length += sequence.length;
  if (length > MAX_PAYLOAD_BYTES) {
    throw new VirnucproError(
      FailureType.EmbeddingOutOfMemory,
      `embedder ${name}: a batch of ${length} letters is over ${MAX_PAYLOAD_BYTES}; use smaller batches`,
    );
  }
  const letters = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for (const { sequence } of items) at += letters.write(sequence, at, 'latin1');
  return letters;
}
