import { lstatSync, mkdirSync, statfsSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';

/**
 * `f_type` of statfs(2) for file systems that several hosts share. SQLite's locks do not hold there, and its write-ahead
 * log needs shared memory.
 */
const NETWORK_FILE_SYSTEMS = new Map<number, string>([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB 2'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x00c36400, 'Ceph'],
  [0x19830326, 'BeeGFS'],
  [0x5346414f, 'AFS'],
  [0x01021997, '9P'],
  [0x65735546, 'FUSE'],
]);

const RUN_ID = /^[0-9a-f]{12}$/u;

/** What the place of the state folder depends on; a port for the tests. */
export interface StateFolderSurroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly temporaryFolder: string;
  /** `f_type` of the file system that holds the nearest existing folder at or above `path` */
  readonly fileSystemType: (path: string) => number;
}

const HERE: StateFolderSurroundings = { env: process.env, temporaryFolder: tmpdir(), fileSystemType: fileSystemTypeOf };

/**
 * Folder of the local server that belongs to one run: `$XDG_STATE_HOME/virnucpro/<12 hex>`, or below the temporary folder
 * where that is on a network file system. It is not made here.
 *
 * @param runId12 the first 12 hex digits of the run's UUID
 */
export function stateFolder(
  runId12: string,
  { env, temporaryFolder, fileSystemType }: StateFolderSurroundings = HERE,
): string {
  if (!RUN_ID.test(runId12)) throw new RangeError(`not 12 hex digits: ${JSON.stringify(runId12)}`);
  const home = env['XDG_STATE_HOME'] || join(env['HOME'] || homedir(), '.local', 'state');
  if (!NETWORK_FILE_SYSTEMS.has(fileSystemType(home))) return join(home, 'virnucpro', runId12);
  return join(temporaryFolder, `virnucpro-${userInfo().uid}`, runId12);
}

/**
 * Makes the state folder, readable by its user only.
 *
 * @throws if someone else's folder is in its place: the temporary folder is open to all users
 */
export function makeStateFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const own = userInfo().uid;
  for (const path of [dirname(folder), folder]) {
    const found = lstatSync(path);
    if (!found.isDirectory() || (own !== -1 && found.uid !== own)) {
      throw new Error(`${path} is not a folder of the current user (uid ${own}); remove it, or set XDG_STATE_HOME`);
    }
  }
}

function fileSystemTypeOf(path: string): number {
  try {
    return statfsSync(path).type;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error;
    return fileSystemTypeOf(dirname(path));
  }
}
