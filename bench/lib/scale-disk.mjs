import { readdirSync } from 'node:fs';
import path from 'node:path';
import { validateFolder } from '../../dist/checkpoint/index.js';

/**
 * What a run has left in its folder, counted from there and not from what it says.
 *
 * @param {string} directory
 * @returns {Promise<{ valid: number, failed: number, inProgress: number, leftovers: string[] }>} checkpoints by what
 *   validation of everything but their values says; spools and temporary files that should be gone
 */
export async function countOnDisk(directory) {
  const { report } = await validateFolder(directory, { level: 'structure' });
  const { valid, failed, inProgress, unavailable } = report;
  return { valid: valid - inProgress, failed: failed + unavailable, inProgress, leftovers: leftoversIn(directory) };
}

/** @param {string} directory */
function leftoversIn(directory) {
  const temps = readdirSync(directory).filter((name) => name.endsWith('.tmp'));
  const spools = readdirSync(path.join(directory, '.virnucpro', 'spool'));
  return [...temps, ...spools];
}
