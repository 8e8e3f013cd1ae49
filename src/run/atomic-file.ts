import * as path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { placeFile } from '../checkpoint/publish/place.ts';
import { writeAll, type FileSystem } from '../platform/file-system.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { syncFolder } from '../platform/sync-folder.ts';
import { tempPath } from '../platform/temp-files.ts';

/**
 * How long an empty file holds a name: on storage without hard links it is there for the moment until its creator renames
 * what it has written, and for ever if that process was killed in between.
 */
const EMPTY_FOR_MS = 1000;
const LOOK_EVERY_MS = 50;

/** Replaces `target` by `content`: readers see the old file or the new one, also after a crash. */
export async function replaceFile(
  target: string,
  content: string,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<void> {
  const temp = await writeTemp(target, content, fileSystem);
  try {
    await fileSystem.rename(temp, target);
  } catch (error) {
    await fileSystem.unlink(temp).catch(() => {});
    throw error;
  }
  await syncFolder(fileSystem, path.dirname(target));
}

/**
 * Creates `target` with `content` unless it exists. A file that stays empty for a second is what a killed creator has left,
 * and is replaced.
 *
 * @returns false if it was there before, which is left as it is
 */
export async function createFile(
  target: string,
  content: string | Uint8Array,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<boolean> {
  const temp = await writeTemp(target, content, fileSystem);
  let created: boolean;
  try {
    created = (await placeFile(fileSystem, temp, target)) !== 'taken';
    if (!created && (await staysEmpty(fileSystem, target))) {
      await fileSystem.rename(temp, target);
      created = true;
    }
  } finally {
    await fileSystem.unlink(temp).catch(() => {});
  }
  // Also where it was there before: whoever created it may have died before its name was durable.
  await syncFolder(fileSystem, path.dirname(target));
  return created;
}

async function staysEmpty(fileSystem: FileSystem, target: string): Promise<boolean> {
  for (let waited = 0; waited <= EMPTY_FOR_MS; waited += LOOK_EVERY_MS) {
    const found = await fileSystem.stat(target);
    if (found?.isFile !== true || found.size > 0) return false;
    await setTimeout(LOOK_EVERY_MS);
  }
  return true;
}

async function writeTemp(target: string, content: string | Uint8Array, fileSystem: FileSystem): Promise<string> {
  const temp = tempPath(target);
  const file = await fileSystem.open(temp, 'create-exclusive');
  try {
    try {
      await writeAll(file, typeof content === 'string' ? Buffer.from(content) : content, 0);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await fileSystem.unlink(temp).catch(() => {});
    throw error;
  }
  return temp;
}
