import { openContent } from './content.ts';
import type { EmptyRecords, FastaParserOptions, LocatedRecord } from './fasta-parser.ts';
import { FastaParser } from './fasta-parser.ts';
import { inputError } from './input-error.ts';
import type { FastaRecord } from './types.ts';

/** Refuses an id that occurred before. Memory grows with the number of ids, not with the sequences. */
export class UniqueIds {
  readonly #path: string;
  readonly #lines = new Map<string, number>();

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws VirnucproError `RunError.InvalidInput` naming the id and both lines */
  add(id: string, line: number): void {
    const earlier = this.#lines.get(id);
    if (earlier !== undefined) {
      throw inputError(
        `${this.#path}:${line}: duplicate id "${id}", already on line ${earlier}; ids must be unique within a file ` +
          '(an id ends at the first white space)',
      );
    }
    this.#lines.set(id, line);
  }
}

/** Feeds chunks through a parser; ends with the parser's last record. */
export async function* parseChunks(
  parser: FastaParser,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<LocatedRecord, void, undefined> {
  for await (const chunk of chunks) yield* parser.push(chunk);
  yield parser.end();
}

export interface ReadRecordsOptions extends FastaParserOptions {
  signal?: AbortSignal | undefined;
  /** A file of 0 bytes has no records. @default false: it is an error */
  emptyFile?: boolean | undefined;
  /** Gets the decompressed content, piece by piece, before the records in it are given. */
  onContent?: ((bytes: Buffer) => void) | undefined;
}

/**
 * Reads the records of a FASTA file, plain or gzip, in order. Memory: one record; see {@link UniqueIds} where ids have to
 * be unique.
 *
 * @throws VirnucproError `RunError.InvalidInput` naming file and line; errno errors and the abort reason pass through
 */
export async function* readRecords(
  path: string,
  { signal, emptyFile = false, onContent, ...parserOptions }: ReadRecordsOptions = {},
): AsyncGenerator<LocatedRecord, void, undefined> {
  const { chunks } = await openContent(path, signal);
  const parser = new FastaParser(path, 0, parserOptions);
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    onContent?.(chunk);
    yield* parser.push(chunk);
  }
  if (bytes > 0 || !emptyFile) yield parser.end();
}

/**
 * {@link readRecords} that refuses an id that occurred before. Memory: one record, and the ids seen.
 *
 * @param emptyRecords `keep`: a header without a sequence is a record with an empty one
 * @throws VirnucproError `RunError.InvalidInput` naming file and line; errno errors and the abort reason pass through
 */
export async function* readFasta(
  path: string,
  signal?: AbortSignal,
  emptyRecords: EmptyRecords = 'refuse',
): AsyncGenerator<FastaRecord, void, undefined> {
  const ids = new UniqueIds(path);
  for await (const { id, sequence, line } of readRecords(path, { signal, emptyRecords })) {
    ids.add(id, line);
    yield { id, sequence, line };
  }
}
