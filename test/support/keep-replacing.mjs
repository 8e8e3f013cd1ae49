// Replaces a file by one of two others, in turn, until it is killed.
import { copyFileSync, renameSync } from 'node:fs';

const [target = '', ...sources] = process.argv.slice(2);
for (let round = 0; ; round++) {
  copyFileSync(/** @type {string} */ (sources[round % sources.length]), `${target}.next`);
  renameSync(`${target}.next`, target);
}
