import type { DiagnosisFinding } from '../../schemas/doctor.ts';

/**
 * - `ok`: as it should be.
 * - `info`: worth knowing, nothing to do.
 * - `warning`: works, but not as well or not as safely as it could.
 * - `problem`: a run would fail, or could lose what it promises to keep.
 */
export type FindingStatus = DiagnosisFinding['status'];

/** Name of a check; stable, for programs. */
export type CheckName = DiagnosisFinding['check'];

/** What one check of `virnucpro doctor` found. */
export interface Finding {
  check: CheckName;
  status: FindingStatus;
  /** What was found. */
  message: string;
  /** What to do about it. */
  todo?: string;
}
