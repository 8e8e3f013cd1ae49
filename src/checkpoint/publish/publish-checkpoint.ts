import { basename, dirname } from 'node:path';
import type { FileSystem, OpenFile } from '../../platform/file-system.ts';
import { writeAll } from '../../platform/file-system.ts';
import { nodeFileSystem } from '../../platform/node-file-system.ts';
import { tempPath } from '../../platform/temp-files.ts';
import { writeTorchFile } from '../../torch/index.ts';
import type { WrittenTorchFile } from '../../torch/index.ts';
import type { CheckedCheckpoint } from '../check-source.ts';
import { corrupted, errnoOf, incompatible } from '../errors.ts';
import type { CheckpointContent, CheckpointExpectation, PublishResult } from '../types.ts';
import { findCheckpoint, type WantedCheckpoint } from './existing.ts';
import { syncFolderShared } from './folder-sync.ts';
import { checkContent, checkpointPayload } from './payload.ts';
import { placeFile } from './place.ts';
import { digestFile, digestInThread } from './digest.ts';
import { checkOpenFile, isSmall, reopenAndCheck } from './read-back.ts';
import { tempWriter } from './temp-writer.ts';

export interface PublishOptions {
  /** @default the real one */
  fileSystem?: FileSystem;
  signal?: AbortSignal;
  /** Bytes written so far; starts again at 0 when a file has to be written again. */
  onProgress?: (bytes: number) => void;
}

/** New temporary files after bytes that read back differently. */
const MAX_WRITES = 3;

/**
 * Writes a checkpoint so that a reader sees nothing, the file that was there before, or this one, complete and valid: to a
 * temporary file in the same folder, synced, read back and validated deep, marked complete, synced and validated again, and
 * only then linked under its name. Never replaces a file. Leaves no temporary file behind where it can unlink.
 *
 * Uses the calling thread for seconds where the content is large: see {@link writeCheckpoint} for the same in a thread.
 *
 * @param path the folder has to exist
 * @param content rows of 768 (nucleotide), 2,560 (protein), 3,328 (merged) or any other number (vectors) of finite values
 * @returns `existing` if a valid checkpoint of the same kind, ids and dimension was there first, and was kept
 * @throws CheckpointError `incompatible`: content that no checkpoint can hold, or another file at `path`;
 *   `corrupted` with code `WRITE_VERIFICATION`: what was written read back differently three times
 * @throws the errno error of the system call (disk full, quota, I/O), its message naming the file: the target is as it was
 *   before, or this checkpoint; publish again
 */
export async function publishCheckpoint(
  path: string,
  content: CheckpointContent,
  options: PublishOptions = {},
): Promise<PublishResult> {
  checkContent(path, content);
  for (let write = 1; ; write++) {
    options.signal?.throwIfAborted();
    try {
      return await publishOnce(path, content, options);
    } catch (error) {
      if (!(error instanceof ReadBackError)) throw namingFile(error, path);
      if (write < MAX_WRITES) continue;
      const text = `the file read back differently ${MAX_WRITES} times (${error.message}); check the storage`;
      throw corrupted(path, 'WRITE_VERIFICATION', text, { cause: error });
    }
  }
}

/** What was written is not what is read: worth another temporary file. */
class ReadBackError extends Error {
  override readonly name = 'ReadBackError';
}

async function publishOnce(path: string, content: CheckpointContent, options: PublishOptions): Promise<PublishResult> {
  const fileSystem = options.fileSystem ?? nodeFileSystem;
  const temp = tempPath(path);
  try {
    const file = await fileSystem.open(temp, 'create-exclusive');
    const written = await writeAndClose(file, { fileSystem, path: temp, judgedAs: path }, content, options);
    const placement = await placeFile(fileSystem, temp, path);
    if (placement === 'taken') return await keepExisting(fileSystem, path, content);
    await syncFolderShared(fileSystem, dirname(path));
    return {
      outcome: 'published',
      path,
      ...written,
      rows: content.rows.rows,
      dim: content.rows.dim,
      ...(placement === 'renamed' && { linksUnsupported: true }),
    };
  } finally {
    await fileSystem.unlink(temp).catch(() => undefined);
  }
}

interface TempPlace {
  fileSystem: FileSystem;
  path: string;
  judgedAs: string;
}

/** Everything up to a closed temporary file whose final bytes are on disk and valid. */
async function writeAndClose(
  file: OpenFile,
  place: TempPlace,
  content: CheckpointContent,
  options: PublishOptions,
): Promise<{ bytes: number; sha256: string }> {
  let digest: string | undefined;
  try {
    digest = await writeAndComplete(file, place, content, options);
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
  await file.close();
  options.signal?.throwIfAborted();
  const { checked, bytes, sha256 } = await reopenAndCheck(place, { level: 'structure', expect: expectation(content) });
  assertReadBack(checked, 'complete');
  return { bytes, sha256: sha256 ?? digest ?? '' };
}

/** @returns the digest of the final bytes where the file is too large to be read in one piece */
async function writeAndComplete(
  file: OpenFile,
  place: TempPlace,
  content: CheckpointContent,
  options: PublishOptions,
): Promise<string | undefined> {
  const sink = tempWriter(file, options.signal, options.onProgress);
  const prefix = basename(place.judgedAs, '.pt');
  const written = await writeTorchFile(sink, checkpointPayload(place.judgedAs, content), { prefix });
  const pending = digestInThread(file, written.bytes, written.patches);
  try {
    const digest = await syncAndDigest(file, written, pending === undefined);
    await checkAndPatch(file, place, content, written, options);
    return digest ?? (await pending?.done) ?? (pending && (await digestFile(file, written.bytes)));
  } finally {
    await pending?.stop();
  }
}

/** The digest of a file costs about as much as its fsync, which leaves the processor idle. */
async function syncAndDigest(
  file: OpenFile,
  { bytes, patches }: WrittenTorchFile,
  digestHere: boolean,
): Promise<string | undefined> {
  const digesting = digestHere && !isSmall(bytes) ? digestFile(file, bytes, patches) : undefined;
  const [synced, digested] = await Promise.allSettled([file.sync(), digesting]);
  if (synced.status === 'rejected') throw synced.reason;
  if (digested.status === 'rejected') throw digested.reason;
  return digested.value;
}

/** What lies on the disk is checked, and then says that it is complete. */
async function checkAndPatch(
  file: OpenFile,
  place: TempPlace,
  content: CheckpointContent,
  { bytes, patches }: WrittenTorchFile,
  { signal }: PublishOptions,
): Promise<void> {
  signal?.throwIfAborted();
  const options = { level: 'deep', expect: expectation(content), ...(signal && { signal }) } as const;
  assertReadBack(await checkOpenFile(file, bytes, place, options), 'in_progress');
  for (const patch of patches) await writeAll(file, patch.bytes, patch.offset);
  await file.sync();
}

/** @throws ReadBackError, or the errno error that kept the file from being read */
function assertReadBack({ problem, status }: CheckedCheckpoint, expected: 'in_progress' | 'complete'): void {
  if (problem?.class === 'unavailable') throw problem.cause ?? problem;
  if (problem) throw new ReadBackError(problem.reason, { cause: problem });
  if (status !== expected) throw new ReadBackError(`status is ${status}, expected ${expected}`);
}

/** EEXIST: whoever was first wins if it is the same checkpoint. */
async function keepExisting(fileSystem: FileSystem, path: string, content: CheckpointContent): Promise<PublishResult> {
  const found = await findCheckpoint(path, expectation(content), fileSystem);
  if (found === undefined) throw vanished(path);
  if ('problem' in found) throw taken(path, found.problem);
  return found;
}

/** As open(2) says it: worth another try, no verdict on a file. */
function vanished(path: string): Error {
  return Object.assign(new Error(`ENOENT: ${path} was there, and is gone again`), { code: 'ENOENT', syscall: 'open' });
}

function taken(path: string, why: string): Error {
  const text = `another file is there and is not this checkpoint (${why}); move it away`;
  return incompatible(path, 'TARGET_TAKEN', text);
}

function expectation({ kind, ids, rows }: CheckpointContent): WantedCheckpoint & CheckpointExpectation {
  return { kind, ids, dim: rows.dim, source: 'what was written' };
}

/** System calls on an open file do not name it in their errors. */
export function namingFile(error: unknown, path: string): unknown {
  const code = errnoOf(error);
  if (!(error instanceof Error) || code === undefined || error.message.includes(path)) return error;
  const { errno, syscall } = error as NodeJS.ErrnoException;
  return Object.assign(new Error(`${path}: ${error.message}`, { cause: error }), { code, errno, syscall, path });
}
