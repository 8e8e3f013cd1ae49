import { constants, type BigIntStats } from 'node:fs';
import type { FileStat, OpenMode } from './file-system.ts';

/** What open(2) is called with. */
export const OPEN_FLAGS: Record<OpenMode, number> = {
  read: constants.O_RDONLY,
  'create-exclusive': constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
  'read-write': constants.O_RDWR,
};

/** A file that appears meanwhile, a zombie attempt's, makes it look again. */
export const REMOVE_FOLDER = { recursive: true, force: true, maxRetries: 3, retryDelay: 100 } as const;

export function fileStat(found: BigIntStats): FileStat {
  return {
    size: Number(found.size),
    isFile: found.isFile(),
    inode: found.ino,
    links: Number(found.nlink),
    modifiedNs: found.mtimeNs,
  };
}
