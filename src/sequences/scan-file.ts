import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { chunkId, countChunks } from './chunk-sequence.ts';
import { openContent } from './content.ts';
import type { EmptyRecords, LocatedRecord } from './fasta-parser.ts';
import { FastaParser } from './fasta-parser.ts';
import { UniqueIds } from './read-fasta.ts';
import { RecordsDigest } from './records-digest.ts';
import type { FilePart, InputSummary } from './types.ts';

export interface ScanOptions {
  /** Letters per window; undefined: every record is one window. */
  chunkLength?: number | undefined;
  /** Most windows in a part, at least 1. */
  sequencesPerFile: number;
  /** `keep`: a header without a sequence is a record; one without windows where there is a `chunkLength`. @default 'refuse' */
  emptyRecords?: EmptyRecords | undefined;
  /** What ids made from those of the records add to them, in bytes. @default 0 */
  idSuffixBytes?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Gets the parts in order, one at a time: the scan goes on when it resolves. */
  onPart(part: FilePart): Promise<void> | void;
}

/** Windows after which other work of the process gets its turn: a chromosome has half a million. */
const WINDOWS_PER_SLICE = 16_384;

/**
 * Reads an input file once: checks all of it, cuts it into parts, digests its content. Parts are handed out while the
 * rest of the file is still unchecked; they count only when the promise resolves.
 *
 * @throws VirnucproError `RunError.InvalidInput` naming file and line; errno errors and the abort reason pass through
 */
export async function scanFile(path: string, options: ScanOptions): Promise<InputSummary> {
  const { gzip, chunks } = await openContent(path, options.signal);
  const digest = new ContentDigest();
  const { emptyRecords: empty, idSuffixBytes } = options;
  const parser = new FastaParser(path, 0, { emptyRecords: empty, idSuffixBytes });
  const ids = new UniqueIds(path);
  const cutter = new PartCutter(options);
  let emptyRecords = 0;
  const take = async (record: LocatedRecord): Promise<void> => {
    ids.add(record.id, record.line);
    if (record.sequence === '') emptyRecords += 1;
    await cutter.add(record);
  };
  for await (const chunk of digest.through(chunks)) for (const record of parser.push(chunk)) await take(record);
  await take(parser.end());
  await cutter.end();
  return {
    sha256: digest.hex(),
    bytes: digest.bytes,
    gzip,
    records: parser.records,
    emptyRecords,
    windows: cutter.windows,
    letters: parser.letters,
  };
}

class ContentDigest {
  readonly #hash = createHash('sha256');
  bytes = 0;

  async *through(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of chunks) {
      this.#hash.update(chunk);
      this.bytes += chunk.length;
      yield chunk;
    }
  }

  hex(): string {
    return this.#hash.digest('hex');
  }
}

class PartCutter {
  readonly #options: ScanOptions;
  #part: Omit<FilePart, 'recordsSha256'> | undefined;
  #records = new RecordsDigest();
  #parts = 0;
  windows = 0;

  constructor(options: ScanOptions) {
    this.#options = options;
  }

  async add(record: LocatedRecord): Promise<void> {
    const { chunkLength } = this.#options;
    const windows = chunkLength === undefined ? 1 : countChunks(record.sequence.length, chunkLength);
    for (let index = 0; index < windows; index++) {
      this.#addWindow(record, chunkLength === undefined ? record.id : chunkId(record.id, index), index);
      if (this.#part?.count === this.#options.sequencesPerFile) await this.end();
      if (this.windows % WINDOWS_PER_SLICE === 0) await this.#pause();
    }
  }

  async end(): Promise<void> {
    if (this.#part !== undefined) await this.#options.onPart({ ...this.#part, recordsSha256: this.#records.hex() });
    this.#part = undefined;
  }

  #addWindow(record: LocatedRecord, id: string, indexInRecord: number): void {
    if (this.#part === undefined) this.#records = new RecordsDigest();
    if (this.#part === undefined || indexInRecord === 0) this.#records.add(record);
    this.#part ??= {
      number: ++this.#parts,
      first: this.windows,
      count: 0,
      byteOffset: record.byteOffset,
      skipWindows: indexInRecord,
      ids: [],
    };
    this.#part.ids.push(id);
    this.#part.count += 1;
    this.windows += 1;
  }

  async #pause(): Promise<void> {
    this.#options.signal?.throwIfAborted();
    await setImmediate();
  }
}
