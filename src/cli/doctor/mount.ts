import { readFile, realpath } from 'node:fs/promises';
import type { Finding } from './finding.ts';

/** The mount that a folder lies on. */
export interface Mount {
  point: string;
  /** e.g. `ext4`, `nfs4`, `fuse.s3fs` */
  type: string;
  source: string;
  options: ReadonlySet<string>;
}

/** What the mount of a folder means for a run's promises. */
export async function checkMount(folder: string): Promise<Finding[]> {
  const path = await realpath(folder);
  let table: string;
  try {
    table = await readFile('/proc/self/mountinfo', 'utf8');
  } catch {
    return [{ check: 'mount', status: 'info', message: 'mount options cannot be read on this system' }];
  }
  const mount = findMount(table, path);
  return mount ? judgeMount(mount) : [{ check: 'mount', status: 'info', message: `no mount found for ${path}` }];
}

/**
 * @param table content of /proc/self/mountinfo, see proc_pid_mountinfo(5)
 * @param path absolute, without symbolic links
 */
export function findMount(table: string, path: string): Mount | undefined {
  let best: Mount | undefined;
  for (const line of table.split('\n')) {
    const mount = parseLine(line);
    if (mount === undefined || !holds(mount.point, path)) continue;
    // The last of several mounts on one point hides the others.
    if (best === undefined || mount.point.length >= best.point.length) best = mount;
  }
  return best;
}

/** Fields: id, parent, device, root, mount point, options, any number of tags, `-`, type, source, options of the file system. */
function parseLine(line: string): Mount | undefined {
  const [left, right] = line.split(' - ', 2);
  const [, , , , point, options] = left?.split(' ') ?? [];
  const [type, source, superOptions] = right?.split(' ') ?? [];
  if (point === undefined || options === undefined || type === undefined) return undefined;
  const all = [...options.split(','), ...(superOptions ?? '').split(',')];
  return { point: unescape(point), type, source: unescape(source ?? ''), options: new Set(all) };
}

/** Blanks and backslashes are written as octal numbers. */
function unescape(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/gu, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function holds(point: string, path: string): boolean {
  return path === point || path.startsWith(point.endsWith('/') ? point : `${point}/`);
}

interface Rule {
  applies(mount: Mount): boolean;
  status: Finding['status'];
  because: string;
  todo?: string;
}

const OBJECT_STORES = /^fuse.*(?:s3|gcs|goofys|rclone|blob|mountpoint)/u;

const RULES: readonly Rule[] = [
  {
    applies: has('ro'),
    status: 'problem',
    because: 'mounted read-only: nothing can be written',
    todo: 'mount it with rw, or choose another folder with --out',
  },
  {
    applies: both(typeIs(/^nfs/u), has('soft', 'softerr')),
    status: 'problem',
    because: 'a soft NFS mount gives up on a write when the server is slow: rows can be lost without an error',
    todo: 'mount it with hard',
  },
  {
    applies: both(typeIs(/^nfs/u), has('nocto')),
    status: 'warning',
    because: 'nocto: another host may read an old version of a file that was just written',
    todo: 'mount it without nocto',
  },
  {
    applies: both(typeIs(/^nfs/u), has('noac', 'sync')),
    status: 'info',
    because: 'noac or sync: safe, but every small write waits for the server; runs do not need it',
    todo: 'mount it without, for speed',
  },
  {
    applies: both(typeIs(/^9p/u), has('cache=loose', 'cache=fscache', 'cache=mmap')),
    status: 'warning',
    because: 'a cache that is not kept in step with the host: other machines may see old content',
    todo: 'mount it with cache=none, or choose another folder with --out',
  },
  {
    applies: typeIs(/^(?:cifs|smb|vfat|exfat|msdos|ntfs)/u),
    status: 'warning',
    because: 'such file systems often lack hard links and a real fsync',
    todo: 'see what the storage checks above say, or choose another folder with --out',
  },
  {
    applies: typeIs(OBJECT_STORES),
    status: 'warning',
    because: 'object storage has no atomic rename: a crash can leave a half-written file under its final name',
    todo: 'embed on a disk or a shared file system and copy the checkpoints afterwards',
  },
  {
    applies: typeIs(/^fuse\.(?:sshfs|gvfs|davfs|curlftpfs|grpcfuse|osxfs)|^fakeowner/u),
    status: 'warning',
    because: 'fsync does not reach the disk at the other end: a crash there can lose rows that counted as durable',
    todo: 'run the workers where the disk is, or choose another folder with --out',
  },
  {
    applies: typeIs(/^(?:tmpfs|ramfs)$/u),
    status: 'warning',
    because: 'in memory: everything is gone after a restart of the machine',
    todo: 'choose a folder on a disk with --out',
  },
  {
    applies: both(typeIs(/^overlay/u), has('volatile')),
    status: 'problem',
    because: 'volatile: fsync does nothing',
    todo: 'mount a volume into the container and use it as --out',
  },
  {
    applies: ({ type, options }) => type.startsWith('overlay') && !options.has('volatile'),
    status: 'warning',
    because: 'the layer of a container: gone with the container, and no other worker sees it',
    todo: 'mount a volume into the container and use it as --out',
  },
  {
    applies: has('nobarrier', 'barrier=0', 'data=writeback', 'nointegrity'),
    status: 'warning',
    because: 'fsync does not reach the disk in order (no barriers or data=writeback): a power failure can lose rows',
    todo: 'mount it with barriers and data=ordered',
  },
];

function has(...options: string[]): Rule['applies'] {
  return (mount) => options.some((option) => mount.options.has(option));
}

function typeIs(pattern: RegExp): Rule['applies'] {
  return (mount) => pattern.test(mount.type);
}

function both(one: Rule['applies'], other: Rule['applies']): Rule['applies'] {
  return (mount) => one(mount) && other(mount);
}

const SHARED = /^(?:nfs|lustre|gpfs|beegfs|ceph|glusterfs|cifs|smb|afs|9p|virtiofs|wekafs|fuse)/u;

export function judgeMount(mount: Mount): Finding[] {
  const check = 'mount' as const;
  const where = `${mount.type} at ${mount.point}`;
  const findings = RULES.filter((rule) => rule.applies(mount)).map(({ status, because, todo }) => ({
    check,
    status,
    message: `${where}: ${because}`,
    ...(todo === undefined ? {} : { todo }),
  }));
  if (findings.length > 0) return findings;
  // That the file server answers before its disk has the data is an option of the export, which no client sees.
  const unseen = mount.type.startsWith('nfs')
    ? '; its export must be sync, not async, which cannot be seen from here'
    : '';
  const reach = SHARED.test(mount.type)
    ? `shared: workers on other hosts can see it${unseen}`
    : 'local: workers must run on this host';
  return [{ check, status: 'ok', message: `${where}, ${reach}` }];
}
