import { randomUUID } from 'node:crypto';

/** Epochs are 32-bit in the frames. */
const MAX_EPOCH = 0xffff_ffff;
const CLAIM = /^epoch-(\d{10})\.json$/u;
const SEGMENT = /^seg-(\d{10})-[0-9a-f-]{36}\.rows$/u;
const SKIPS = /^skip-(\d{10})-[0-9a-f-]{36}\.log$/u;
const FAILURE = /^fail-(\d{10})\.json$/u;

function padded(epoch: number): string {
  return String(epoch).padStart(10, '0');
}

/** Name of the file whose exclusive creation claims an epoch. */
export function claimName(epoch: number): string {
  return `epoch-${padded(epoch)}.json`;
}

/** A name that no other writer uses, of this epoch or another. */
export function newSegmentName(epoch: number): string {
  return `seg-${padded(epoch)}-${randomUUID()}.rows`;
}

/** A name of a skip log that no other writer uses, of this epoch or another. */
export function newSkipLogName(epoch: number): string {
  return `skip-${padded(epoch)}-${randomUUID()}.log`;
}

/** Name of the file that says that an attempt ended in an embedder error. */
export function failureName(epoch: number): string {
  return `fail-${padded(epoch)}.json`;
}

function epochIn(name: string, pattern: RegExp): number | undefined {
  const digits = pattern.exec(name)?.[1];
  if (digits === undefined) return undefined;
  const epoch = Number(digits);
  return epoch <= MAX_EPOCH ? epoch : undefined;
}

/** Epoch of a segment; undefined if the name is not one of a segment. */
export function segmentEpoch(name: string): number | undefined {
  return epochIn(name, SEGMENT);
}

/** Epoch of a skip log; undefined if the name is not one of a skip log. */
export function skipLogEpoch(name: string): number | undefined {
  return epochIn(name, SKIPS);
}

/** Epoch of a failure mark; undefined if the name is not one of a failure mark. */
export function failureEpoch(name: string): number | undefined {
  return epochIn(name, FAILURE);
}

/** Highest epoch that any of these names speaks of; 0 if none does. */
export function highestEpoch(names: readonly string[]): number {
  let highest = 0;
  for (const name of names) {
    highest = Math.max(
      highest,
      epochIn(name, CLAIM) ?? segmentEpoch(name) ?? skipLogEpoch(name) ?? failureEpoch(name) ?? 0,
    );
  }
  return highest;
}
