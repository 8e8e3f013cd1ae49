/** Written into every checkpoint. The constant of the reference has the same value. */
export const CHECKPOINT_VERSION = '1.0';

/** Shown for files without a version: written before versions existed, loaded as they are, never modified. */
export const UNVERSIONED = '0.x';

const SUPPORTED_MAJOR = 1n;
/** Numbers separated by dots. Bounded, because the text is attacker-controlled and ends up in messages. */
const VERSION = /^(\d{1,20})(\.\d{1,20}){0,3}$/;

export interface VersionJudgement {
  /** As in the file, or {@link UNVERSIONED}. */
  version: string;
  /** 1.0 and newer: a status is required, and ids are in the order of the input. */
  modern: boolean;
  /** Why the version cannot be read by this package; undefined if it can. */
  problem?: { code: string; text: string };
}

/**
 * Judges the `version` of a checkpoint. Majors are compared as numbers: 10.0 is newer than 2.0.
 *
 * @param value the value in the dict, undefined where the key is absent
 */
export function judgeVersion(value: unknown): VersionJudgement {
  if (value === undefined) return { version: UNVERSIONED, modern: false };
  const match = typeof value === 'string' ? VERSION.exec(value) : null;
  if (match === null) {
    const text = `version is not a version: ${describe(value)}, expected text such as '${CHECKPOINT_VERSION}'`;
    return { version: describe(value), modern: true, problem: { code: 'VERSION_INVALID', text } };
  }
  const version = match[0];
  const major = BigInt(match[1] ?? '');
  if (major <= SUPPORTED_MAJOR) return { version, modern: major === SUPPORTED_MAJOR };
  const text = `Checkpoint v${version} requires virnucpro >= ${major}.0.0 (upgrade required)`;
  return { version, modern: true, problem: { code: 'VERSION_TOO_NEW', text } };
}

const SHOWN_CHARACTERS = 40;

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, SHOWN_CHARACTERS));
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  return value === null ? 'None' : 'not text';
}
