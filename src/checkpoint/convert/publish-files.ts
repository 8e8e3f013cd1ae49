import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import type { FileSystem, OpenFile } from '../../platform/file-system.ts';
import { writeAll } from '../../platform/file-system.ts';
import { sweepSeldom, tempPath } from '../../platform/temp-files.ts';
import { corrupted, incompatible } from '../errors.ts';
import { syncFolderShared } from '../publish/folder-sync.ts';
import { placeFile } from '../publish/place.ts';
import { namingFile } from '../publish/publish-checkpoint.ts';
import { digestFile } from '../publish/digest.ts';
import type { FileContent } from './content.ts';

export interface PublishedFile {
  outcome: 'converted' | 'existing';
  bytes: number;
  /** Lower-case hex SHA-256. */
  sha256: string;
}

/** A file that is wanted: under its own name already, or under a temporary one, complete and synced. */
interface Prepared {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly temp: string | undefined;
}

/**
 * Publishes files that belong together: each is written to a temporary file in its folder, synced and read back, and only
 * when all are complete do they get their names, in this order. Never replaces a file; one that is there with the same content
 * is kept. Leaves no temporary file behind where it can unlink.
 *
 * @throws CheckpointError `TARGET_TAKEN`: a file with other content has the name; `WRITE_VERIFICATION`: what was written read
 *   back differently
 * @throws the errno error of the system call, its message naming the file
 */
export async function publishFiles(
  files: readonly { path: string; content: FileContent }[],
  { fileSystem, signal }: { fileSystem: FileSystem; signal?: AbortSignal | undefined },
): Promise<PublishedFile[]> {
  const prepared: Prepared[] = [];
  try {
    for (const { path, content } of files) prepared.push(await prepare(fileSystem, path, content, signal));
    signal?.throwIfAborted();
    const published: PublishedFile[] = [];
    for (const file of prepared) published.push(await place(fileSystem, file));
    for (const folder of new Set(files.map(({ path }) => dirname(path)))) await syncFolderShared(fileSystem, folder);
    return published;
  } finally {
    for (const { temp } of prepared) if (temp !== undefined) await fileSystem.unlink(temp).catch(() => undefined);
  }
}

async function prepare(
  fileSystem: FileSystem,
  path: string,
  content: FileContent,
  signal: AbortSignal | undefined,
): Promise<Prepared> {
  const existing = await fileSystem.stat(path);
  if (existing !== undefined) {
    const sha256 = await digestContent(content, signal);
    await assertSame(fileSystem, path, content.bytes, sha256);
    return { path, bytes: content.bytes, sha256, temp: undefined };
  }
  await sweepSeldom(dirname(path), fileSystem);
  const temp = tempPath(path);
  try {
    const file = await fileSystem.open(temp, 'create-exclusive');
    const sha256 = await writeAndClose(file, path, content, signal);
    return { path, bytes: content.bytes, sha256, temp };
  } catch (error) {
    await fileSystem.unlink(temp).catch(() => undefined);
    throw namingFile(error, path);
  }
}

async function writeAndClose(
  file: OpenFile,
  path: string,
  content: FileContent,
  signal: AbortSignal | undefined,
): Promise<string> {
  let sha256: string;
  try {
    sha256 = await writeContent(file, content, signal);
    await file.sync();
    if ((await digestFile(file, content.bytes)) !== sha256) {
      throw corrupted(path, 'WRITE_VERIFICATION', 'the file read back differently; check the storage');
    }
    signal?.throwIfAborted();
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
  await file.close();
  return sha256;
}

async function writeContent(file: OpenFile, content: FileContent, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  let position = 0;
  for (const chunk of content.chunks()) {
    signal?.throwIfAborted();
    hash.update(chunk);
    await writeAll(file, chunk, position);
    position += chunk.byteLength;
  }
  return hash.digest('hex');
}

async function digestContent(content: FileContent, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  for (const chunk of content.chunks()) {
    hash.update(chunk);
    await nextTurn();
    signal?.throwIfAborted();
  }
  return hash.digest('hex');
}

/** Lets an abort arrive. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function place(fileSystem: FileSystem, { path, bytes, sha256, temp }: Prepared): Promise<PublishedFile> {
  if (temp === undefined) return { outcome: 'existing', bytes, sha256 };
  if ((await placeFile(fileSystem, temp, path)) !== 'taken') return { outcome: 'converted', bytes, sha256 };
  await assertSame(fileSystem, path, bytes, sha256);
  return { outcome: 'existing', bytes, sha256 };
}

/** Whoever was first wins if it is the same file. */
async function assertSame(fileSystem: FileSystem, path: string, bytes: number, sha256: string): Promise<void> {
  const stat = await fileSystem.stat(path);
  if (stat && !stat.isFile) throw taken(path, 'it is not a regular file');
  const file = await fileSystem.open(path, 'read');
  try {
    const size = await file.size();
    if (size !== bytes) throw taken(path, `it has ${size} bytes, expected ${bytes}`);
    if ((await digestFile(file, bytes)) !== sha256) throw taken(path, 'its content differs');
  } finally {
    await file.close();
  }
}

export function taken(path: string, why: string): Error {
  return incompatible(path, 'TARGET_TAKEN', `another file is there (${why}); move it away, or choose another name`);
}
