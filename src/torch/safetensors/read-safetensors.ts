import { readBytes } from '../byte-source.ts';
import type { ByteSource } from '../byte-source.ts';
import { TorchFileError } from '../errors.ts';
import { MAX_RANK } from '../limits.ts';
import { ELEMENT_SIZE } from '../tensor/dtype.ts';
import type { DType } from '../tensor/dtype.ts';
import { MAX_SAFETENSORS_HEADER_BYTES, SAFETENSORS_DTYPES } from './header.ts';

/** A tensor of a safetensors file: C order, little-endian. */
export interface StoredTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** First byte in the file. */
  readonly offset: number;
  readonly byteLength: number;
}

export interface SafetensorsFile {
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order of the header. */
  readonly tensors: readonly StoredTensor[];
}

export interface ReadSafetensorsOptions {
  /** Longest header that is parsed: the objects of its JSON may take thirty times as much memory. @default 100,000,000 */
  maxHeaderBytes?: number | undefined;
}

/** Bytes of the length that a file begins with. */
const LENGTH_BYTES = 8;

/** Whether a file begins as a safetensors file does: the length of a header that fits, and the brace that opens it. */
export function isSafetensors(head: Uint8Array, size: number): boolean {
  if (size < LENGTH_BYTES + 2 || head.length <= LENGTH_BYTES) return false;
  const length = Buffer.from(head.buffer, head.byteOffset, LENGTH_BYTES).readBigUInt64LE();
  return length >= 2n && length <= BigInt(size - LENGTH_BYTES) && head[LENGTH_BYTES] === 0x7b;
}

/**
 * Reads the header of a safetensors file; its tensors must fill the rest of the file without gap or overlap.
 *
 * @throws TorchFileError what is wrong with the bytes
 */
export function readSafetensors(
  source: ByteSource,
  { maxHeaderBytes = MAX_SAFETENSORS_HEADER_BYTES }: ReadSafetensorsOptions = {},
): SafetensorsFile {
  if (source.size < LENGTH_BYTES) throw broken(`the file has ${source.size} bytes`, 0, 'TRUNCATED');
  const length = readBytes(source, 0, LENGTH_BYTES).readBigUInt64LE();
  if (length > BigInt(maxHeaderBytes)) {
    throw broken(`header of ${length} bytes, at most ${maxHeaderBytes}`, 0, 'LIMIT_EXCEEDED');
  }
  const start = LENGTH_BYTES + Number(length);
  if (start > source.size) throw broken(`header ends at byte ${start} of ${source.size}`, 0, 'TRUNCATED');
  const header = parseHeader(readBytes(source, LENGTH_BYTES, Number(length)));
  const { __metadata__: metadata = {}, ...rest } = header;
  const tensors = Object.entries(rest).map(([name, entry]) => tensorOf(name, entry, start));
  assertTiled(tensors, start, source.size);
  return { metadata: textsOf(metadata), tensors };
}

function broken(
  message: string,
  offset: number,
  code: 'TRUNCATED' | 'LIMIT_EXCEEDED' | 'BROKEN_DIRECTORY' | 'UNSUPPORTED_TENSOR' = 'BROKEN_DIRECTORY',
): TorchFileError {
  return new TorchFileError(code, `safetensors: ${message}`, { offset });
}

function parseHeader(bytes: Buffer): Record<string, unknown> {
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (isObject(header)) return header;
  } catch (error) {
    throw broken(`the header is not JSON (${(error as Error).message.slice(0, 200)})`, LENGTH_BYTES);
  }
  throw broken('the header is not a JSON object', LENGTH_BYTES);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textsOf(metadata: unknown): Record<string, string> {
  const texts = isObject(metadata) ? Object.entries(metadata) : [];
  return Object.fromEntries(texts.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function areCounts(value: unknown, length?: number): value is number[] {
  if (!Array.isArray(value) || (length !== undefined && value.length !== length)) return false;
  return value.length <= MAX_RANK && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function tensorOf(name: string, entry: unknown, start: number): StoredTensor {
  const { dtype: code, shape, data_offsets: offsets } = isObject(entry) ? entry : {};
  const shown = JSON.stringify(name.slice(0, 100));
  if (typeof code !== 'string' || !areCounts(shape) || !areCounts(offsets, 2)) {
    throw broken(`tensor ${shown} has no dtype, shape and data_offsets`, LENGTH_BYTES);
  }
  const dtype = Object.hasOwn(SAFETENSORS_DTYPES, code) ? SAFETENSORS_DTYPES[code] : undefined;
  if (dtype === undefined) {
    throw broken(`tensor ${shown} is of type ${JSON.stringify(code.slice(0, 20))}`, LENGTH_BYTES, 'UNSUPPORTED_TENSOR');
  }
  const [from, end] = offsets as [number, number];
  const expected = shape.reduce((product, size) => product * size, ELEMENT_SIZE[dtype]);
  if (end - from !== expected) {
    throw broken(
      `tensor ${shown} (${code}, [${shape.join(', ')}]) has ${end - from} bytes, expected ${expected}`,
      start,
    );
  }
  return { name, dtype, shape, offset: start + from, byteLength: expected };
}

/** @param start where the values begin */
function assertTiled(tensors: readonly StoredTensor[], start: number, size: number): void {
  let at = start;
  for (const { name, offset, byteLength } of tensors.toSorted((a, b) => a.offset - b.offset)) {
    if (offset !== at) {
      throw broken(`values of ${JSON.stringify(name.slice(0, 100))} begin at byte ${offset}, expected ${at}`, offset);
    }
    at += byteLength;
  }
  if (at > size) throw broken(`values end at byte ${at}, the file has ${size}`, size, 'TRUNCATED');
  if (at < size) throw broken(`${size - at} bytes behind the last value`, at);
}
