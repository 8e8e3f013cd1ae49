import { setImmediate } from 'node:timers/promises';
import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { chunkSequence } from './chunk-sequence.ts';
import { openContent } from './content.ts';
import type { LocatedRecord } from './fasta-parser.ts';
import { FastaParser } from './fasta-parser.ts';
import { inputError } from './input-error.ts';
import { parseChunks } from './read-fasta.ts';
import { RecordsDigest } from './records-digest.ts';
import type { FilePart, SequenceWindow } from './types.ts';

/** Where a part lies in its file, as scanFile found it. */
export type PartLocation = Pick<FilePart, 'first' | 'count' | 'byteOffset' | 'skipWindows'> &
  Partial<Pick<FilePart, 'ids' | 'recordsSha256'>>;

export interface ReadPartOptions {
  /** As in the scan that cut the part. */
  chunkLength?: number | undefined;
  /** As the scan found it. */
  gzip: boolean;
  signal?: AbortSignal | undefined;
}

/** Windows after which other work of the process gets its turn. */
const WINDOWS_PER_SLICE = 4096;

/**
 * Reads exactly the windows of one part, in order, ordinals from `part.first`. A plain file is entered at the part's
 * offset, gzip is inflated from the beginning. Where the part carries its ids or the digest of its records, they are
 * compared; the digest when the last window is asked for.
 *
 * @throws VirnucproError `RunError.InvalidInput` saying that the input changed, if it no longer holds these windows;
 *   errno errors and the abort reason pass through
 */
export async function* readPart(
  path: string,
  part: PartLocation,
  options: ReadPartOptions,
): AsyncGenerator<SequenceWindow, void, undefined> {
  let yielded = 0;
  if (part.count === 0) return;
  const records = new RecordsDigest();
  for await (const { id, sequence } of windowsFrom(path, part, options, records)) {
    const expected = part.ids?.[yielded];
    if (expected !== undefined && expected !== id) throw changed(path, `expected the id "${expected}", found "${id}"`);
    const isLast = yielded + 1 === part.count;
    if (isLast && part.recordsSha256 !== undefined && records.hex() !== part.recordsSha256) {
      throw changed(path, `the sequences from byte ${part.byteOffset} on are not the same`);
    }
    yield { id, sequence, ordinal: part.first + yielded };
    yielded += 1;
    if (isLast) return;
    if (yielded % WINDOWS_PER_SLICE === 0) await setImmediate();
  }
  throw changed(path, `expected ${part.count} sequences from byte ${part.byteOffset} on, found ${yielded}`);
}

async function* windowsFrom(path: string, part: PartLocation, options: ReadPartOptions, records: RecordsDigest) {
  let skip = part.skipWindows;
  for await (const record of recordsFrom(path, part.byteOffset, options)) {
    options.signal?.throwIfAborted();
    records.add(record);
    if (options.chunkLength === undefined) yield record;
    else yield* chunkSequence(record.id, record.sequence, options.chunkLength, skip);
    skip = 0;
  }
}

async function* recordsFrom(
  path: string,
  byteOffset: number,
  options: ReadPartOptions,
): AsyncGenerator<LocatedRecord, void, undefined> {
  const { gzip, chunks } = await openContent(path, options.signal, byteOffset);
  if (gzip !== options.gzip) {
    await chunks.return();
    throw changed(path, `expected ${options.gzip ? 'gzip' : 'plain text'}, found ${gzip ? 'gzip' : 'plain text'}`);
  }
  try {
    yield* parseChunks(new FastaParser(path, byteOffset), gzip ? dropBytes(chunks, byteOffset) : chunks);
  } catch (error) {
    if (!(error instanceof VirnucproError && error.type === FailureType.RunInvalidInput)) throw error;
    throw changed(path, `reading from byte ${byteOffset} on: ${error.message}`, error);
  }
}

async function* dropBytes(chunks: AsyncIterable<Buffer>, count: number): AsyncGenerator<Buffer, void, undefined> {
  let left = count;
  for await (const chunk of chunks) {
    if (left < chunk.length) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}

function changed(path: string, found: string, cause?: unknown): VirnucproError {
  return inputError(
    `${path}: the input changed since the run was planned: ${found}; start the run again to plan it anew`,
    { cause },
  );
}
