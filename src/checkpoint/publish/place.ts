import type { FileSystem, OpenFile } from '../../platform/file-system.ts';
import { errnoOf } from '../errors.ts';

/** `linked` and `renamed`: the file is there under its name. `taken`: another file is. */
export type Placement = 'linked' | 'renamed' | 'taken';

/** What link(2) says where the storage has no hard links. */
const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** A target that vanishes between EEXIST and the look at it may do so a few times, not for ever. */
const TRIES = 3;

/**
 * Gives a finished temporary file its name, never replacing another file.
 *
 * @throws the errno error of link or rename if the name is still free
 */
export async function placeFile(fileSystem: FileSystem, temp: string, path: string): Promise<Placement> {
  for (let attempt = 1; ; attempt++) {
    try {
      await fileSystem.link(temp, path);
      return 'linked';
    } catch (error) {
      const found = await lookAgain(fileSystem, temp, path, error);
      if (found !== 'free') return found;
      const code = errnoOf(error);
      if (code !== undefined && NO_LINKS.has(code)) return placeByRename(fileSystem, temp, path);
      if (code !== 'EEXIST' || attempt === TRIES) throw error;
    }
  }
}

/** The answer to link(2) may be lost or wrong on NFS: what is there decides. */
async function lookAgain(
  fileSystem: FileSystem,
  temp: string,
  path: string,
  linkError: unknown,
): Promise<Placement | 'free'> {
  try {
    const [target, own] = await Promise.all([fileSystem.stat(path), fileSystem.stat(temp)]);
    if (target === undefined) return 'free';
    const isOurs = own !== undefined && (own.inode === target.inode || own.links > 1);
    return isOurs ? 'linked' : 'taken';
  } catch {
    throw linkError;
  }
}

/** Create-only without links: an exclusive empty file holds the name until the rename replaces it. */
async function placeByRename(fileSystem: FileSystem, temp: string, path: string): Promise<Placement> {
  let reserved: OpenFile;
  try {
    reserved = await fileSystem.open(path, 'create-exclusive');
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return 'taken';
    throw error;
  }
  try {
    await reserved.close();
    await fileSystem.rename(temp, path);
  } catch (error) {
    if (await wasRenamed(fileSystem, temp, path)) return 'renamed';
    await fileSystem.unlink(path).catch(() => undefined);
    throw error;
  }
  return 'renamed';
}

async function wasRenamed(fileSystem: FileSystem, temp: string, path: string): Promise<boolean> {
  const [target, own] = await Promise.all([fileSystem.stat(path), fileSystem.stat(temp)]);
  return own === undefined && target !== undefined && target.size > 0;
}
