import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { tempPath } from '../../src/platform/temp-files.ts';

/** What {@link tempPath} puts into names here. */
export function writerOfTemps(): { host: string; start: string } {
  const [, host = '', start = ''] = /\.([0-9a-f]{8})-[0-9]+-([0-9a-f]{8})-/u.exec(basename(tempPath('/a'))) ?? [];
  return { host, start };
}

/** The name that a process of this host that is gone has given to what it wrote to `name`. */
export function abandonedTemp(name: string): string {
  const { host, start } = writerOfTemps();
  return `.${name}.${host}-${spawnSync('true').pid}-${start}-0123456789abcdef.tmp`;
}

/** Leaves in a folder what a kill leaves there that hits a process as it writes `names`. */
export function leaveHalfWritten(folder: string, names: readonly string[]): void {
  for (const name of names) writeFileSync(join(folder, abandonedTemp(name)), '{');
}
