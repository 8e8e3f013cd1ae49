import * as path from 'node:path';
import { writeAll, type FileSystem } from '../platform/file-system.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { syncFolder } from '../platform/sync-folder.ts';
import { tempPath } from '../platform/temp-files.ts';

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
 * Creates `target` with `content` unless it exists.
 *
 * @returns false if it was there before, which is left as it is
 */
export async function createFile(
  target: string,
  content: string | Uint8Array,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<boolean> {
  const temp = await writeTemp(target, content, fileSystem);
  let created = true;
  try {
    await fileSystem.link(temp, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    created = false;
  } finally {
    await fileSystem.unlink(temp).catch(() => {});
  }
  // Also where it was there before: whoever created it may have died before its name was durable.
  await syncFolder(fileSystem, path.dirname(target));
  return created;
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
