/**
 * - `ok`: as it should be.
 * - `info`: worth knowing, nothing to do.
 * - `warning`: works, but not as well or not as safely as it could.
 * - `problem`: a run would fail, or could lose what it promises to keep.
 */
export type FindingStatus = 'ok' | 'info' | 'warning' | 'problem';

/** What one check of `virnucpro doctor` found. */
export interface Finding {
  /** Name of the check; stable, for programs. */
  check: string;
  status: FindingStatus;
  /** What was found. */
  message: string;
  /** What to do about it. */
  todo?: string;
}
