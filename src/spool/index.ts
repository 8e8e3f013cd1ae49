export type { FailedAttempt } from './failures.ts';
export { countFruitlessFailures, forgetFailures, recordFailure } from './failures.ts';
export type { AppendOptions, OpenSpoolOptions } from './open-spool.ts';
export { openSpool, Spool } from './open-spool.ts';
export { readSkips } from './read-skips.ts';
export { removeSpool } from './remove-spool.ts';
export type { SpoolRowsOptions } from './spool-rows.ts';
export { SpoolRows } from './spool-rows.ts';
export type { EpochClaim, SegmentReference, SkippedRecord, SpoolShape } from './types.ts';
