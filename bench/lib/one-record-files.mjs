import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * @param {number} file from 0
 * @returns {{ stem: string, id: string, sequence: string }} short sequences of some fifty lengths
 */
export function oneRecord(file) {
  return {
    stem: `s${String(file).padStart(6, '0')}`,
    id: `r${file}`,
    sequence: `${'ACGT'.repeat(10)}${'AC'.repeat(file % 50)}`,
  };
}

/**
 * Makes FASTA files of one record each, in a new folder.
 *
 * @param {string} folder
 * @param {number} count
 */
export function makeOneRecordFiles(folder, count) {
  mkdirSync(folder, { recursive: true });
  for (let file = 0; file < count; file++) {
    const { stem, id, sequence } = oneRecord(file);
    writeFileSync(path.join(folder, `${stem}.fa`), `>${id}\n${sequence}\n`);
  }
}
