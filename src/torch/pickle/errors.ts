import { TorchFileError } from '../errors.ts';
import type { TorchFileCode } from '../errors.ts';

/** Where the pickle of a `.pt` file lies. */
export const PICKLE_RECORD = 'data.pkl';

/** An error at a byte of data.pkl. */
export function pickleError(code: TorchFileCode, offset: number, message: string): TorchFileError {
  return new TorchFileError(code, `record ${PICKLE_RECORD}: ${message} at offset ${offset}`, {
    record: PICKLE_RECORD,
    offset,
  });
}
