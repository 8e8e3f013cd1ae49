import { createHash } from 'node:crypto';
import type { FileSystem, OpenFile } from '../../platform/file-system.ts';
import type { FilePatch } from '../../torch/index.ts';
import { memorySource } from '../../torch/index.ts';
import type { CheckedCheckpoint } from '../check-source.ts';
import { checkSource, openAndCheck } from '../check-source.ts';
import type { ValidateOptions } from '../types.ts';

/** Files up to this size are read through the port in one piece; larger ones are read in pieces by path. */
const SMALL_BYTES = 4 << 20;
const CHUNK_BYTES = 1 << 20;

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

/** SHA-256 of an open file as it will be once `patches` are applied. */
export async function digestFile(file: OpenFile, bytes: number, patches: readonly FilePatch[] = []): Promise<string> {
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let offset = 0; offset < bytes;) {
    const count = await file.read(chunk.subarray(0, Math.min(CHUNK_BYTES, bytes - offset)), offset);
    if (count === 0) break;
    applyPatches(chunk.subarray(0, count), offset, patches);
    hash.update(chunk.subarray(0, count));
    offset += count;
  }
  return hash.digest('hex');
}

/** A patch may lie across two chunks. */
function applyPatches(chunk: Uint8Array, offset: number, patches: readonly FilePatch[]): void {
  for (const patch of patches) {
    for (const [index, byte] of patch.bytes.entries()) {
      const at = patch.offset + index - offset;
      if (at >= 0 && at < chunk.length) chunk[at] = byte;
    }
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
