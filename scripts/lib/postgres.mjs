import { constants } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import process from 'node:process';

/** Where Debian and its derivatives keep every version of it: not on PATH. */
const DEBIAN_VERSIONS = '/usr/lib/postgresql';

/**
 * @returns {Promise<string>} folder with `initdb` and `postgres`, the newest version of them
 * @throws {Error} saying how to get PostgreSQL
 */
export async function findPostgres() {
  const explicit = process.env['VIRNUCPRO_POSTGRES'];
  if (explicit) {
    if (await isComplete(explicit)) return explicit;
    throw new Error(`VIRNUCPRO_POSTGRES=${explicit}: expected a folder with initdb and postgres`);
  }
  const versions = await readdir(DEBIAN_VERSIONS).catch(() => []);
  const newestFirst = versions.toSorted((a, b) => Number(b) - Number(a));
  const candidates = [
    ...newestFirst.map((version) => join(DEBIAN_VERSIONS, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  for (const folder of candidates) if (folder !== '' && (await isComplete(folder))) return folder;
  throw new Error(
    'no PostgreSQL was found: install it (Debian: apt-get install postgresql; only its programs are used), or name the folder with initdb and postgres in VIRNUCPRO_POSTGRES',
  );
}

/** @param {string} folder */
async function isComplete(folder) {
  const programs = ['initdb', 'postgres'].map((name) => access(join(folder, name), constants.X_OK));
  return Promise.all(programs).then(
    () => true,
    () => false,
  );
}
