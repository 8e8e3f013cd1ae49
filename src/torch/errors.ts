/**
 * - `corrupted`: the bytes contradict themselves (truncated, gap, CRC, sizes, broken pickle, missing record).
 * - `incompatible`: sound bytes of something this package does not take (other format, global outside the allowlist).
 */
export type TorchFault = 'corrupted' | 'incompatible';

/** Machine-readable cause of a {@link TorchFileError}; the fault that each goes with is in {@link FAULT_OF_CODE}. */
export type TorchFileCode = keyof typeof FAULT_OF_CODE;

export const FAULT_OF_CODE = {
  EMPTY: 'corrupted',
  NOT_A_ZIP: 'corrupted',
  TRUNCATED: 'corrupted',
  BROKEN_DIRECTORY: 'corrupted',
  BROKEN_LOCAL_HEADER: 'corrupted',
  LOCAL_CENTRAL_MISMATCH: 'corrupted',
  GAP: 'corrupted',
  OVERLAP: 'corrupted',
  DUPLICATE_RECORD: 'corrupted',
  MISSING_RECORD: 'corrupted',
  CRC_MISMATCH: 'corrupted',
  BROKEN_METADATA: 'corrupted',
  BROKEN_PICKLE: 'corrupted',
  STORAGE_SIZE: 'corrupted',
  VIEW_OUT_OF_BOUNDS: 'corrupted',
  FOREIGN_LAYOUT: 'incompatible',
  UNEXPECTED_RECORD: 'incompatible',
  FORMAT_VERSION: 'incompatible',
  TORCHSCRIPT: 'incompatible',
  LEGACY_FORMAT: 'incompatible',
  OTHER_FORMAT: 'incompatible',
  UNSAFE_GLOBAL: 'incompatible',
  UNSUPPORTED_PICKLE: 'incompatible',
  UNSUPPORTED_TENSOR: 'incompatible',
  LIMIT_EXCEEDED: 'incompatible',
  CYCLE: 'incompatible',
} as const satisfies Record<string, TorchFault>;

/** Characters of a message: names in it come from the file, and may be as long as the file. */
const MAX_MESSAGE = 1_000;

export interface TorchFileErrorPlace {
  /** Record inside the archive, e.g. `data.pkl`, without the archive's prefix. */
  record?: string | undefined;
  /** Byte offset in the file, or in the record where `record` is set. */
  offset?: number | undefined;
}

/**
 * A judgement about the bytes of a file: permanent, reading again cannot help. Errors of the system calls (`errno`) and
 * {@link FileChangedError} are never wrapped in it.
 *
 * `message` has no class prefix: callers put `corrupted: ` or `incompatible: ` (the {@link fault}) in front.
 */
export class TorchFileError extends Error {
  override readonly name = 'TorchFileError';
  readonly fault: TorchFault;
  readonly code: TorchFileCode;
  readonly record: string | undefined;
  readonly offset: number | undefined;

  constructor(code: TorchFileCode, message: string, place: TorchFileErrorPlace = {}, options?: ErrorOptions) {
    super(message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message, options);
    this.code = code;
    this.fault = FAULT_OF_CODE[code];
    this.record = place.record;
    this.offset = place.offset;
  }
}

/** The file was replaced or written to while it was read: says nothing about its content, so try again. */
export class FileChangedError extends Error {
  override readonly name = 'FileChangedError';
  readonly code = 'FILE_CHANGED';
}
