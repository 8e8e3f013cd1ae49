import { TorchFileError } from '../errors.ts';
import type { TorchFileCode } from '../errors.ts';

function shown(value: number): string {
  return value > 255 ? `${value} (0x${value.toString(16)})` : String(value);
}

/** Throws unless a field of the container holds its one canonical value. */
export function expectField(
  code: TorchFileCode,
  place: string,
  field: string,
  offset: number,
  got: number,
  expected: number,
): void {
  if (got === expected) return;
  throw new TorchFileError(
    code,
    `${place}: ${field} at offset ${offset} is ${shown(got)}, expected ${shown(expected)}`,
    { offset },
  );
}

/** @throws TorchFileError `BROKEN_DIRECTORY` for a 64-bit field beyond 2^53, which no file can have */
export function readU64(bytes: Buffer, at: number, place: string, offset: number): number {
  const value = bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
  if (Number.isSafeInteger(value)) return value;
  throw new TorchFileError(
    'BROKEN_DIRECTORY',
    `${place}: 64-bit field at offset ${offset} is ${bytes.readBigUInt64LE(at)}, more than any file has`,
    { offset },
  );
}
