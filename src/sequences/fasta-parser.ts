import { isUtf8 } from 'node:buffer';
import { inputError } from './input-error.ts';
import type { FastaRecord } from './types.ts';

/**
 * Longest sequence of one record: the largest human chromosome (248,956,422 letters) fits, and a record stays well under
 * the longest string that V8 can hold (2^29 - 24 characters).
 */
const MAX_RECORD_LETTERS = 2 ** 28;

/** Longest id: far above every database's, low enough that a binary file that begins with `>` is refused early. */
export const MAX_ID_BYTES = 4096;

/** Most records are short, and a run may read hundreds of thousands of files of one record; for long ones it doubles. */
const INITIAL_CAPACITY = 4096;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const GREATER = 0x3e;
const WHITE_SPACE = new Set([0x09, 0x0b, 0x0c, 0x20]);
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

const INVALID = 0;
const SKIPPED = 1;
/** Byte → its upper-case letter, {@link SKIPPED} for white space, {@link INVALID} for what no sequence contains. */
const LETTERS = letterTable();

/** A record and where it begins in the decompressed content. */
export interface LocatedRecord extends FastaRecord {
  /** Offset of its `>`. */
  byteOffset: number;
}

function letterTable(): Uint8Array {
  const table = new Uint8Array(256);
  for (const byte of WHITE_SPACE) table[byte] = SKIPPED;
  // Every letter of the alphabet is an IUPAC nucleotide or amino acid code; `*` is a stop, `-` a gap.
  for (let upper = 0x41; upper <= 0x5a; upper++) {
    table[upper] = upper;
    table[upper + 0x20] = upper;
  }
  for (const mark of '*-') table[mark.charCodeAt(0)] = mark.charCodeAt(0);
  return table;
}

/** What to do about a record that has a header and no sequence. */
export type EmptyRecords = 'refuse' | 'keep';

export interface FastaParserOptions {
  /** Letters stay lower case where they are. @default false: upper case */
  keepCase?: boolean | undefined;
  /** @default 'refuse' */
  emptyRecords?: EmptyRecords | undefined;
  /** What ids made from these add to them, in bytes: the ids have to be that much shorter. @default 0 */
  idSuffixBytes?: number | undefined;
}

/** Finds the line ends of a chunk, front to back. A kind of line end that a file does not use costs one search of each chunk. */
class LineEnds {
  readonly #chunk: Uint8Array;
  #feed = -1;
  #return = -1;

  constructor(chunk: Uint8Array) {
    this.#chunk = chunk;
  }

  /** @returns where the first LF or CR at or behind `at` is; the end of the chunk if there is none */
  from(at: number): number {
    if (this.#feed < at) this.#feed = this.#find(LINE_FEED, at);
    if (this.#return < at) this.#return = this.#find(CARRIAGE_RETURN, at);
    return Math.min(this.#feed, this.#return);
  }

  #find(byte: number, at: number): number {
    const found = this.#chunk.indexOf(byte, at);
    return found < 0 ? this.#chunk.length : found;
  }
}

type State = 'before-first' | 'id' | 'description' | 'sequence';

/**
 * Incremental FASTA parser over the bytes of one file. Memory: the id and the sequence of one record.
 *
 * Lines end with LF, CRLF or CR. Accepts a UTF-8 byte order mark, lower case, blank lines and white space inside sequences.
 * Every method throws VirnucproError `RunError.InvalidInput` with file and line at the first thing that is not FASTA.
 */
export class FastaParser {
  /** How often each upper-case letter occurred so far. */
  readonly #letters = new Float64Array(256);
  readonly #path: string;
  readonly #keepCase: boolean;
  readonly #emptyRecords: EmptyRecords;
  readonly #idSuffixBytes: number;
  #state: State = 'before-first';
  #lineStart = true;
  /** The last byte was a CR: a LF right after it ends no line of its own, also in the next chunk. */
  #afterReturn = false;
  #line = 1;
  #offset: number;
  #markBytes: number;
  #id: number[] = [];
  #headerLine = 0;
  #headerOffset = 0;
  #sequence = Buffer.allocUnsafeSlow(INITIAL_CAPACITY);
  #length = 0;
  #records = 0;

  /** @param offset where in the content the first chunk begins */
  constructor(path: string, offset = 0, { keepCase, emptyRecords, idSuffixBytes }: FastaParserOptions = {}) {
    this.#path = path;
    this.#keepCase = keepCase ?? false;
    this.#emptyRecords = emptyRecords ?? 'refuse';
    this.#idSuffixBytes = idSuffixBytes ?? 0;
    this.#offset = offset;
    this.#markBytes = offset === 0 ? 0 : BYTE_ORDER_MARK.length;
  }

  get records(): number {
    return this.#records;
  }

  /** How often each letter occurred, upper case. */
  get letters(): Map<string, number> {
    const entries = [...this.#letters.entries()].filter(([, count]) => count > 0);
    return new Map(entries.map(([code, count]) => [String.fromCharCode(code), count]));
  }

  /** Takes the next bytes of the file. @returns the records that they complete */
  *push(chunk: Uint8Array): Generator<LocatedRecord, void, undefined> {
    const ends = new LineEnds(chunk);
    let at = 0;
    while (at < chunk.length) {
      if (this.#afterReturn) {
        this.#afterReturn = false;
        if (chunk[at] === LINE_FEED) {
          at += 1;
          continue;
        }
      }
      if (this.#lineStart && chunk[at] === GREATER) {
        if (this.#headerLine > 0) yield this.#finishRecord();
        this.#beginRecord(this.#offset + at);
        at += 1;
      }
      const end = ends.from(at);
      if (end > at) this.#takePiece(chunk, at, end);
      if (end < chunk.length) {
        this.#endLine();
        this.#afterReturn = chunk[end] === CARRIAGE_RETURN;
      }
      at = end + 1;
    }
    this.#offset += chunk.length;
  }

  /** Ends the file. @returns the last record */
  end(): LocatedRecord {
    if (this.#headerLine === 0) {
      const found = this.#offset === 0 ? 'an empty file' : 'only blank lines';
      throw inputError(`${this.#path}: expected FASTA records, found ${found}; check how the file was made`);
    }
    if (this.#state === 'id') this.#endLine();
    return this.#finishRecord();
  }

  #beginRecord(offset: number): void {
    this.#state = 'id';
    this.#lineStart = false;
    this.#headerLine = this.#line;
    this.#headerOffset = offset;
    this.#id = [];
    this.#length = 0;
  }

  /** Takes bytes `at` to `end` of the chunk: some or all of the rest of the current line. */
  #takePiece(chunk: Uint8Array, at: number, end: number): void {
    if (this.#state === 'sequence') {
      this.#takeLetters(chunk, at, end);
      this.#lineStart = false;
    } else if (this.#state === 'id') this.#takeId(chunk, at, end);
    else if (this.#state === 'before-first') this.#takeLeading(chunk, at, end);
  }

  #endLine(): void {
    if (this.#state === 'id' || this.#state === 'description') {
      this.#checkId();
      this.#state = 'sequence';
    }
    this.#line += 1;
    this.#lineStart = true;
  }

  #takeLeading(chunk: Uint8Array, at: number, end: number): void {
    for (let position = at; position < end; position++) {
      const byte = chunk[position] as number;
      if (this.#markBytes < BYTE_ORDER_MARK.length && byte === BYTE_ORDER_MARK[this.#markBytes]) {
        this.#markBytes += 1;
        continue;
      }
      this.#markBytes = BYTE_ORDER_MARK.length;
      if (WHITE_SPACE.has(byte)) continue;
      if (byte !== GREATER) throw this.#notFasta(byte);
      this.#beginRecord(this.#offset + position);
      if (position + 1 < end) this.#takeId(chunk, position + 1, end);
      return;
    }
  }

  #takeId(chunk: Uint8Array, at: number, end: number): void {
    for (let position = at; position < end; position++) {
      const byte = chunk[position] as number;
      if (WHITE_SPACE.has(byte)) {
        this.#state = 'description';
        break;
      }
      if (byte < 0x20 || byte === 0x7f)
        throw this.#error(`expected FASTA text, found ${quoteByte(byte)} in an id: binary data`);
      this.#id.push(byte);
    }
    this.#requireRoom();
  }

  #requireRoom(): void {
    const suffix = this.#idSuffixBytes;
    const most = MAX_ID_BYTES - suffix;
    if (this.#id.length <= most) return;
    const reason = suffix === 0 ? '' : ` (ids that are made from it are up to ${suffix} bytes longer)`;
    throw this.#error(`expected an id of at most ${most} bytes${reason}, found a longer one; shorten it`);
  }

  #checkId(): void {
    if (this.#id.length === 0) {
      throw this.#error('expected an id right after ">", found none; give every record a name');
    }
    if (!isUtf8(Uint8Array.from(this.#id))) throw this.#error('expected an id in UTF-8, found other bytes');
  }

  #takeLetters(chunk: Uint8Array, at: number, end: number): void {
    this.#reserve(end - at);
    const sequence = this.#sequence;
    const letters = this.#letters;
    const keepCase = this.#keepCase;
    let length = this.#length;
    for (let position = at; position < end; position++) {
      const byte = chunk[position] as number;
      const letter = LETTERS[byte] as number;
      if (letter > SKIPPED) {
        sequence[length++] = keepCase ? byte : letter;
        letters[letter] = (letters[letter] as number) + 1;
      } else if (letter === INVALID) throw this.#badLetter(byte);
    }
    this.#length = length;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#sequence.length) return;
    if (needed > MAX_RECORD_LETTERS) {
      throw this.#error(
        `the sequence of "${this.#idText()}" is longer than ${MAX_RECORD_LETTERS} letters; split the record`,
      );
    }
    const larger = Buffer.allocUnsafeSlow(Math.min(Math.max(needed, this.#sequence.length * 2), MAX_RECORD_LETTERS));
    this.#sequence.copy(larger, 0, 0, this.#length);
    this.#sequence = larger;
  }

  #finishRecord(): LocatedRecord {
    const id = this.#idText();
    if (this.#length === 0 && this.#emptyRecords === 'refuse') {
      throw inputError(
        `${this.#path}:${this.#headerLine}: record "${id}" has no sequence; add it or remove the record`,
      );
    }
    this.#records += 1;
    const sequence = this.#sequence.toString('latin1', 0, this.#length);
    return { id, sequence, line: this.#headerLine, byteOffset: this.#headerOffset };
  }

  #idText(): string {
    return Buffer.from(this.#id).toString('utf8');
  }

  #error(problem: string): Error {
    return inputError(`${this.#path}:${this.#line}: ${problem}`);
  }

  #notFasta(byte: number): Error {
    if (byte === 0x40) {
      return this.#error(
        'expected FASTA (">"), found "@": this looks like FASTQ; convert it, e.g. with "seqtk seq -A reads.fq > reads.fa"',
      );
    }
    const binary = byte < 0x20 || byte >= 0x7f;
    const hint = binary ? ': binary data; unpack or convert it first' : '; is this a FASTA file?';
    return this.#error(`expected FASTA (">"), found ${quoteByte(byte)}${hint}`);
  }

  #badLetter(byte: number): Error {
    const where = `in the sequence of "${this.#idText()}"`;
    const hint = byte < 0x20 || byte >= 0x7f ? 'binary data or another encoding' : 'remove or replace it';
    return this.#error(`expected IUPAC letters, "*" or "-", found ${quoteByte(byte)} ${where}: ${hint}`);
  }
}

function quoteByte(byte: number): string {
  const printable = byte >= 0x20 && byte < 0x7f;
  return printable ? `"${String.fromCharCode(byte)}"` : `byte 0x${byte.toString(16).padStart(2, '0')}`;
}
