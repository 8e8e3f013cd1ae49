import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Of the images. */
const USER = 1000;

/**
 * What `read_only`, `tmpfs`, `user`, `cap_drop` and `no-new-privileges` of a service make of a process, without an engine: a
 * mount namespace of its own, in which everything on the root file system is read-only but one folder, and /tmp is empty.
 * Programs replace one another, so that signals arrive.
 */
const SCRIPT = `set -e
mount --make-rprivate /
mount --bind "$1" "$1"
mount -o remount,bind,ro /
mount -t tmpfs -o size=1g tmpfs /tmp
shift
exec setpriv --reuid=${USER} --regid=${USER} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all "$@"`;

/**
 * @param written folder that may be written; what is needed must not lie in /tmp
 * @returns the command that runs `command` so
 */
export function isolated(written: string, command: readonly string[]): [program: string, ...args: string[]] {
  return ['unshare', '--mount', '--', 'sh', '-c', SCRIPT, 'sh', written, ...command];
}

/** Whether this machine lets us: root, with the namespaces and programs that it takes. */
export async function canIsolate(): Promise<boolean> {
  const [program, ...args] = isolated('/var/tmp', ['true']);
  return promisify(execFile)(program, args).then(
    () => true,
    () => false,
  );
}
