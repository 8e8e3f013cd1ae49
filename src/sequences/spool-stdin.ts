import { createHash } from 'node:crypto';
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileSystem } from '../platform/file-system.ts';
import { writeAll } from '../platform/file-system.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { sweepAbandonedTemps, tempPath } from '../platform/temp-files.ts';
import { inputError } from './input-error.ts';

export interface SpoolStdinOptions {
  fileSystem?: FileSystem;
  signal?: AbortSignal;
}

/** Other hosts take a temporary file for abandoned that does not change for an hour; what is piped may come slowly. */
const SIGN_OF_LIFE_MS = 60_000;

/** Its stem names the checkpoints. */
const FILE_NAME = 'stdin.fa';

/**
 * Writes a stream to `{folder}/{sha256 of its bytes}/stdin.fa`, so that it can be read as often as needed and the same
 * data give the same run. The file is complete and durable when its name appears.
 *
 * @returns path of the file
 * @throws VirnucproError `RunError.InvalidInput` if the stream is empty; errno errors and the abort reason pass through
 */
export async function spoolStdin(
  stream: AsyncIterable<Uint8Array>,
  folder: string,
  { fileSystem = nodeFileSystem, signal }: SpoolStdinOptions = {},
): Promise<string> {
  await fileSystem.makeFolder(folder);
  await sweepAbandonedTemps(folder, fileSystem);
  const temporary = tempPath(join(folder, 'stdin'));
  const signs = setInterval(() => void showLife(temporary), SIGN_OF_LIFE_MS);
  try {
    const sha256 = await writeDurably(fileSystem, temporary, stream, signal);
    const target = join(folder, sha256);
    await fileSystem.makeFolder(target);
    await fileSystem.rename(temporary, join(target, FILE_NAME));
    await fileSystem.syncFolder(target);
    await fileSystem.syncFolder(folder);
    return join(target, FILE_NAME);
  } catch (error) {
    await fileSystem.unlink(temporary).catch(() => undefined);
    throw error;
  } finally {
    clearInterval(signs);
  }
}

async function showLife(file: string): Promise<void> {
  const now = new Date();
  await utimes(file, now, now).catch(() => undefined);
}

async function writeDurably(
  fileSystem: FileSystem,
  path: string,
  stream: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<string> {
  const hash = createHash('sha256');
  const file = await fileSystem.open(path, 'create-exclusive');
  try {
    let bytes = 0;
    for await (const chunk of stream) {
      signal?.throwIfAborted();
      hash.update(chunk);
      await writeAll(file, chunk, bytes);
      bytes += chunk.byteLength;
    }
    if (bytes === 0) throw inputError('stdin: no data; pipe FASTA text into the command');
    await file.sync();
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}
