/** What a checkpoint holds, recognised from its content; see DESIGN.md "Checkpoints". */
export type CheckpointKind = 'nucleotide' | 'protein' | 'merged' | 'vectors' | 'batch' | 'generic';

/** The kinds that this package writes. */
export type WrittenKind = 'nucleotide' | 'protein' | 'merged' | 'vectors';

/**
 * How much of a file is checked.
 *
 * - `header`: size and ZIP directory.
 * - `structure`: container tiling, the CRC of every record except tensor data, the pickle, keys, tensors exist and fit.
 * - `deep`: also the CRC of every tensor, NaN and Inf, all-zero rows, duplicate ids.
 */
export type ValidationLevel = 'header' | 'structure' | 'deep';

/** `unavailable` says nothing about the file: an I/O error, or not a regular file. */
export type CheckpointResult = 'valid' | 'corrupted' | 'incompatible' | 'unavailable';

export type CheckpointStatus = 'complete' | 'in_progress';

/** One entry of `validate-checkpoints --json`: fields that could not be learned are absent. */
export interface CheckpointEntry {
  path: string;
  result: CheckpointResult;
  /** Machine-readable cause, e.g. `CRC_MISMATCH`; absent when valid. */
  code?: string;
  /** `corrupted: …`, `incompatible: …` or `unavailable: …`; absent when valid. */
  reason?: string;
  /** More than the reason says, e.g. where a file that is no ZIP archive stops being one. */
  detail?: string;
  kind?: CheckpointKind;
  /** As in the file; `0.x` where it has none. */
  version?: string;
  status?: CheckpointStatus | null;
  rows?: number;
  dim?: number;
  bytes?: number;
  /** `unverified`: deep, but the file carries no CRCs. */
  integrity?: 'header' | 'structure' | 'verified' | 'unverified';
  /** Findings that do not make a file invalid: all-zero rows, duplicate ids. */
  warnings?: string[];
}

/** What a caller knows a checkpoint must be. A sound file that differs is `incompatible`. */
export interface CheckpointExpectation {
  kind?: WrittenKind;
  dim?: number;
  /** Same multiset; for files of version 1.0 and newer also the same order. */
  ids?: readonly string[];
  /** Name of the input in the message `ids do not match {source}: expected …, got …`. */
  source?: string;
}

export interface ValidateOptions {
  /** @default 'structure' */
  level?: ValidationLevel;
  /** Asks for these keys only, whatever the kind. */
  requireKeys?: readonly string[];
  expect?: CheckpointExpectation;
  /**
   * Skips the validation of content (CRCs, shapes, ids): existence, size, version, status and the number of ids still
   * count. For `--skip-checkpoint-validation`.
   */
  trustContent?: boolean;
  signal?: AbortSignal;
}

/** Rows of float32 values in the order of the ids, read in ranges so that a checkpoint never has to fit in memory. */
export interface RowSource {
  readonly rows: number;
  readonly dim: number;
  /** Copies `count` rows from row `start` into the first `count × dim` values of `into`. */
  read(start: number, count: number, into: Float32Array): void;
}

/** What `publishCheckpoint` writes. */
export interface CheckpointContent {
  kind: WrittenKind;
  /** One per row, in row order. */
  ids: readonly string[];
  rows: RowSource;
}

export interface PublishResult {
  /** `existing`: a valid checkpoint with the same ids and dimension was there first and was kept. */
  outcome: 'published' | 'existing';
  path: string;
  bytes: number;
  /** Lower-case hex SHA-256 of the whole file. */
  sha256: string;
  rows: number;
  dim: number;
  /** The storage has no hard links: published by exclusive create and rename, which a crash can leave as an empty file. */
  linksUnsupported?: true;
}

/** The document of `validate-checkpoints --json`; fields may be added, not changed. */
export interface FolderReport {
  schema: 1;
  /** As given. */
  directory: string;
  level: ValidationLevel;
  found: number;
  /** Unfinished ones included. */
  valid: number;
  /** Corrupted and incompatible. */
  failed: number;
  inProgress: number;
  unavailable: number;
  /** Sorted by path. */
  checkpoints: CheckpointEntry[];
}

/** What one key of a checkpoint's dict holds. */
export interface KeySummary {
  /** Name of the Python type, e.g. `list`, `Tensor`, `str`. */
  type: string;
  dtype?: string;
  shape?: number[];
  /** Elements of a list, tuple, set or dict; characters of a text. */
  length?: number;
}

/** The document of `inspect --json`. */
export interface CheckpointInspection extends CheckpointEntry {
  /** Absent where the content could not be read, or is not a dict. */
  keys?: Record<string, KeySummary>;
}
