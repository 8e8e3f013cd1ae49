import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { makeFolder } from './folder.mjs';

/** @typedef {import('./subjects.mjs').Subject} Subject */

const MAKE = fileURLToPath(new URL('./make_checkpoint.py', import.meta.url));
const execute = promisify(execFile);

/**
 * @param {{ folder: string | undefined, keep: string | undefined }} options
 * @returns {string} a folder for the files; a temporary one is removed when the process ends
 */
export function makeWorkplace({ folder, keep }) {
  if (keep !== undefined) {
    mkdirSync(keep, { recursive: true });
    return keep;
  }
  const temporary = mkdtempSync(join(folder ?? tmpdir(), 'virnucpro-bench-'));
  process.once('exit', () => rmSync(temporary, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
  return temporary;
}

/**
 * @param {string} configured
 * @returns {Promise<string>} the version of its torch
 * @throws Error if it has none
 */
export async function torchVersion(configured) {
  try {
    const { stdout } = await execute(configured, ['-c', 'import torch; print(torch.__version__)']);
    return stdout.trim();
  } catch (error) {
    const hint = 'install one (Debian: python3-torch), or name another with --python or VIRNUCPRO_PYTHON';
    throw new Error(`${configured} is no Python with torch; ${hint}`, { cause: error });
  }
}

/** @param {string | undefined} option */
export function choosePython(option) {
  return option ?? (process.env['VIRNUCPRO_PYTHON']?.split(':').at(-1) || '/usr/bin/python3');
}

/**
 * @param {Subject} subject
 * @param {string} folder
 * @param {{ python: string, torch: string }} by
 * @returns {Promise<string>} the path of a file that this version of torch saved: just now, or for an earlier run
 */
export async function subjectFile({ kind, rows, dim, suffix }, folder, { python, torch }) {
  const path = join(folder, `${rows}_torch_${torch}${suffix}`);
  if (existsSync(path)) return path;
  const unfinished = `${path}.unfinished`;
  await execute(python, [MAKE, kind, String(rows), String(dim), unfinished]);
  await rename(unfinished, path);
  return path;
}

/**
 * @param {number} files
 * @param {string} folder
 * @returns {Promise<string>} the path of a folder of small checkpoints
 */
export async function folderOfCheckpoints(files, folder) {
  const path = join(folder, `${files}_checkpoints`);
  if (!existsSync(path)) await makeFolder(path, files);
  return path;
}
