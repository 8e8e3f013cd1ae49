import { createHash } from 'node:crypto';
import type { FileSystem, OpenFile } from '../../platform/file-system.ts';
import { memorySource } from '../../torch/index.ts';
import type { CheckedCheckpoint } from '../check-source.ts';
import { checkSource, openAndCheck } from '../check-source.ts';
import type { ValidateOptions } from '../types.ts';

/** Files up to this size are read through the port in one piece; larger ones are read in pieces by path. */
const SMALL_BYTES = 4 << 20;

/** Where to read, and the name under which it is judged: a temporary file states nothing by its own name. */
export interface Place {
  fileSystem: FileSystem;
  path: string;
  judgedAs: string;
}

export function isSmall(bytes: number): boolean {
  return bytes <= SMALL_BYTES;
}

/** Checks what an open file of `bytes` bytes holds now. */
export async function checkOpenFile(
  file: OpenFile,
  bytes: number,
  place: Place,
  options: ValidateOptions,
): Promise<CheckedCheckpoint> {
  if (!isSmall(bytes)) return checkByPath(place, options);
  return checkSource(memorySource(await readWhole(file, bytes)), place.judgedAs, options);
}

/** Opens a file, checks it, and computes the digest of small ones on the way. */
export async function reopenAndCheck(
  place: Place,
  options: ValidateOptions,
): Promise<{ checked: CheckedCheckpoint; bytes: number; sha256?: string }> {
  const file = await place.fileSystem.open(place.path, 'read');
  try {
    const bytes = await file.size();
    if (!isSmall(bytes)) return { checked: checkByPath(place, options), bytes };
    const content = await readWhole(file, bytes);
    const sha256 = createHash('sha256').update(content).digest('hex');
    return { checked: checkSource(memorySource(content), place.judgedAs, options), bytes, sha256 };
  } finally {
    await file.close();
  }
}

function checkByPath({ path, judgedAs }: Place, options: ValidateOptions): CheckedCheckpoint {
  const { checked, source } = openAndCheck(path, options, judgedAs);
  source?.close();
  return checked;
}

/** Reads to the size or the end, whichever comes first: what is missing is for the check to find. */
async function readWhole(file: OpenFile, bytes: number): Promise<Buffer> {
  const content = Buffer.allocUnsafe(bytes);
  let done = 0;
  while (done < bytes) {
    const count = await file.read(content.subarray(done), done);
    if (count === 0) break;
    done += count;
  }
  return content.subarray(0, done);
}
