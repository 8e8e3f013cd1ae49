import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';

/**
 * What an error says about a checkpoint, and so what a caller may do:
 *
 * - `corrupted`: the bytes contradict themselves; recompute the file.
 * - `incompatible`: sound bytes that are not ours; nothing to repair, someone has to decide.
 * - `unavailable`: says nothing about the file; try again, delete nothing.
 */
export type CheckpointErrorClass = 'corrupted' | 'incompatible' | 'unavailable';

const FAILURE_TYPES: Record<CheckpointErrorClass, FailureType> = {
  corrupted: FailureType.CheckpointCorrupted,
  incompatible: FailureType.CheckpointIncompatible,
  unavailable: FailureType.CheckpointUnavailable,
};

/** Why a checkpoint cannot be used. Match on {@link class} and {@link code}, never on texts. */
export class CheckpointError extends VirnucproError {
  readonly class: CheckpointErrorClass;
  /** Machine-readable cause, e.g. `CRC_MISMATCH`. */
  readonly code: string;
  readonly path: string;
  /** `corrupted: …`, `incompatible: …` or `unavailable: …`, without the path. */
  readonly reason: string;

  constructor(
    finding: { class: CheckpointErrorClass; code: string; text: string; path: string },
    options?: ErrorOptions,
  ) {
    const reason = `${finding.class}: ${finding.text}`;
    const offenders = [{ path: finding.path, reason }];
    super(FAILURE_TYPES[finding.class], `${finding.path}: ${reason}`, { ...options, offenders });
    this.class = finding.class;
    this.code = finding.code;
    this.path = finding.path;
    this.reason = reason;
  }
}

export function corrupted(path: string, code: string, text: string, options?: ErrorOptions): CheckpointError {
  return new CheckpointError({ class: 'corrupted', code, text, path }, options);
}

export function incompatible(path: string, code: string, text: string, options?: ErrorOptions): CheckpointError {
  return new CheckpointError({ class: 'incompatible', code, text, path }, options);
}

export function unavailable(path: string, code: string, text: string, options?: ErrorOptions): CheckpointError {
  return new CheckpointError({ class: 'unavailable', code, text, path }, options);
}

/** The errno name of an I/O error, e.g. `EIO`; undefined for any other error. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return 'errno' in error || 'syscall' in error ? error.code : undefined;
}
