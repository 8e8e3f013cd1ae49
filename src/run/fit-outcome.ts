import type { Offender } from '../contract/outcome.ts';

/** The failure that carries an outcome is cut by the server at 4 KiB. */
const MAX_OUTCOME_BYTES = 2048;
const MAX_MESSAGE_BYTES = 512;
const MAX_OFFENDERS = 5;
const MAX_OFFENDER_BYTES = 128;

/** An outcome of at most 2 KiB: a message of 512 bytes, and as many of the first five offenders as there is room for. */
export function fitOutcome<Outcome extends { message: string; offenders: readonly Offender[] }>(
  outcome: Outcome,
): Outcome {
  const limits = { path: MAX_OFFENDER_BYTES, reason: MAX_OFFENDER_BYTES };
  const offenders = firstOffenders(outcome.offenders, limits);
  const fitting = { ...outcome, message: cutMessage(outcome.message), offenders };
  while (fitting.offenders.length > 0 && bytesOf(fitting) > MAX_OUTCOME_BYTES) fitting.offenders.pop();
  return fitting;
}

/** A message as long as an outcome may hold. */
export function cutMessage(message: string, bytes = MAX_MESSAGE_BYTES): string {
  return firstBytes(message, bytes);
}

/**
 * The first five, each with the end of its path and the beginning of its reason.
 *
 * @param bytes of each in UTF-8, at most
 */
export function firstOffenders(
  offenders: readonly Offender[],
  bytes: Readonly<Record<keyof Offender, number>>,
): Offender[] {
  return offenders
    .slice(0, MAX_OFFENDERS)
    .map(({ path, reason }) => ({ path: lastBytes(path, bytes.path), reason: firstBytes(reason, bytes.reason) }));
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/** Cut before the character that does not fit. */
function firstBytes(text: string, limit: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  let end = limit;
  while (isContinuation(bytes[end])) end--;
  return bytes.toString('utf8', 0, end);
}

/** Cut after the character that does not fit. */
function lastBytes(text: string, limit: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  let start = bytes.length - limit;
  while (isContinuation(bytes[start])) start++;
  return bytes.toString('utf8', start);
}

/** Whether a byte of UTF-8 goes on with a character: 10xxxxxx. */
function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
