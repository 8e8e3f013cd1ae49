import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { CheckpointError } from './errors.ts';

/** An error as it crosses from a thread: structured cloning keeps neither class nor the fields of an errno error. */
export interface TransferableError {
  readonly message: string;
  readonly stack: string | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
}

const FIELDS = ['code', 'errno', 'syscall', 'path', 'class', 'reason', 'type'] as const;

export function packError(error: unknown): TransferableError {
  if (!(error instanceof Error)) return { message: String(error), stack: undefined, fields: {} };
  const fields: Record<string, unknown> = {};
  for (const name of FIELDS) {
    const value: unknown = Reflect.get(error, name);
    if (typeof value === 'string' || typeof value === 'number') fields[name] = value;
  }
  return { message: error.message, stack: error.stack, fields };
}

export function unpackError(packed: TransferableError): Error {
  const { fields } = packed;
  if (fields['class'] === 'corrupted' || fields['class'] === 'incompatible' || fields['class'] === 'unavailable') {
    const text = String(fields['reason']).slice(fields['class'].length + ': '.length);
    const [code, path] = [String(fields['code']), String(fields['path'])];
    return new CheckpointError({ class: fields['class'], code, text, path });
  }
  const type = Object.values(FailureType).find((known) => known === fields['type']);
  if (type !== undefined) return new VirnucproError(type, packed.message);
  const error = Object.assign(new Error(packed.message), fields);
  if (packed.stack !== undefined) error.stack = packed.stack;
  return error;
}
