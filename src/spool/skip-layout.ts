import { crc32 } from 'node:zlib';
import type { SkippedRecord, SpoolShape } from './types.ts';

/*
 * A skip log is text in UTF-8, one line for the log itself and one for each record that is skipped:
 *
 *   {crc} {"magic":"VNPSKIP","layout":1,"epoch":…,"rows":…,"task":"…"}\n
 *   {crc} {"ordinal":…,"id":"…","reason":"…"}\n
 *
 * crc: CRC-32 of the JSON and the line feed, 8 lower-case hex digits. task: digest of the task. A line feed inside a text is
 * escaped in JSON, so every line feed ends a line. The longest run of sound lines from the beginning counts.
 */
const MAGIC = 'VNPSKIP';
const LAYOUT_VERSION = 1;
/** CRC and blank before the JSON. */
const CRC_BYTES = 9;
const LINE_FEED = 0x0a;

/** Reasons are read by people; a whole sequence has no place in them. */
const MAX_REASON_LENGTH = 512;

export function encodeSkipHead({ rows, taskDigest }: SpoolShape, epoch: number): Buffer {
  return encodeLine({ magic: MAGIC, layout: LAYOUT_VERSION, epoch, rows, task: taskDigest });
}

export function encodeSkip({ ordinal, id, reason }: SkippedRecord): Buffer {
  return encodeLine({ ordinal, id, reason: reason.slice(0, MAX_REASON_LENGTH) });
}

function encodeLine(value: object): Buffer {
  const text = `${JSON.stringify(value)}\n`;
  return Buffer.from(`${crcText(text)} ${text}`);
}

function crcText(bytes: string | Buffer): string {
  return crc32(bytes).toString(16).padStart(8, '0');
}

/** The part of a skip log that counts. */
export interface SkipPrefix {
  records: SkippedRecord[];
  bytes: number;
  crc: number;
}

/** @returns undefined if this is no skip log of that task and epoch */
export function decodeSkips(bytes: Buffer, shape: SpoolShape, epoch: number): SkipPrefix | undefined {
  const prefix: SkipPrefix = { records: [], bytes: 0, crc: 0 };
  for (let isHead = true; ; isHead = false) {
    const end = bytes.indexOf(LINE_FEED, prefix.bytes) + 1;
    const value = end === 0 ? undefined : decodeLine(bytes.subarray(prefix.bytes, end));
    const record = isHead || value === undefined ? undefined : recordOf(value, shape);
    if (isHead ? !isHeadOf(value, shape, epoch) : record === undefined) return isHead ? undefined : prefix;
    if (record !== undefined) prefix.records.push(record);
    prefix.crc = crc32(bytes.subarray(prefix.bytes, end), prefix.crc);
    prefix.bytes = end;
  }
}

type Fields = Readonly<Record<string, unknown>>;

function decodeLine(line: Buffer): Fields | undefined {
  const json = line.subarray(CRC_BYTES);
  if (line.toString('latin1', 0, CRC_BYTES) !== `${crcText(json)} `) return undefined;
  return JSON.parse(json.toString()) as Fields;
}

function isHeadOf(value: Fields | undefined, { rows, taskDigest }: SpoolShape, epoch: number): boolean {
  return (
    value?.['magic'] === MAGIC &&
    value['layout'] === LAYOUT_VERSION &&
    value['epoch'] === epoch &&
    value['rows'] === rows &&
    value['task'] === taskDigest
  );
}

function recordOf({ ordinal, id, reason }: Fields, { rows }: SpoolShape): SkippedRecord | undefined {
  if (!Number.isInteger(ordinal) || (ordinal as number) < 0 || (ordinal as number) >= rows) return undefined;
  if (typeof id !== 'string' || typeof reason !== 'string') return undefined;
  return { ordinal: ordinal as number, id, reason };
}
