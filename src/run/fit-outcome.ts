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
  const offenders = outcome.offenders.slice(0, MAX_OFFENDERS).map(cutOffender);
  const fitting = { ...outcome, message: cutMessage(outcome.message), offenders };
  while (fitting.offenders.length > 0 && bytesOf(fitting) > MAX_OUTCOME_BYTES) fitting.offenders.pop();
  return fitting;
}

/** A message as long as an outcome may hold. */
export function cutMessage(message: string): string {
  return firstBytes(message, MAX_MESSAGE_BYTES);
}

function cutOffender({ path, reason }: Offender): Offender {
  return { path: lastBytes(path, MAX_OFFENDER_BYTES), reason: firstBytes(reason, MAX_OFFENDER_BYTES) };
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
