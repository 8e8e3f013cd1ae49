import { TorchFileError } from '../errors.ts';
import { STORAGE_FOLDER } from './archive.ts';
import type { Archive } from './archive.ts';

/** Storage keys are numbers: addresses in torch 1.6, decimals of 64 bits, and counted from 0 since. Never a path. */
const MAX_KEY_DIGITS = 20;
const DIGIT_ZERO = 0x30;

const KNOWN_RECORDS = new Set([
  'data.pkl',
  'version',
  'byteorder',
  '.format_version',
  '.storage_alignment',
  '.data/serialization_id',
]);

function isStorage(name: string): boolean {
  if (!name.startsWith(STORAGE_FOLDER)) return false;
  for (let at = STORAGE_FOLDER.length; at < name.length; at++) {
    const digit = name.charCodeAt(at) - DIGIT_ZERO;
    if (digit < 0 || digit > 9) return false;
  }
  const digits = name.length - STORAGE_FOLDER.length;
  return digits > 0 && digits <= MAX_KEY_DIGITS;
}

/** @throws TorchFileError `UNEXPECTED_RECORD`: the world of names is closed */
export function assertKnownRecords({ records }: Archive): void {
  for (const { name, headerOffset } of records) {
    if (isStorage(name) || KNOWN_RECORDS.has(name)) continue;
    throw new TorchFileError('UNEXPECTED_RECORD', `record ${JSON.stringify(name)} is none that torch.save writes`, {
      record: name,
      offset: headerOffset,
    });
  }
}
