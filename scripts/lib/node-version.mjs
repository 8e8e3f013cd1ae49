import { readFileSync } from 'node:fs';
import process from 'node:process';

/**
 * Ends the process with a clear message if this Node is too old for the package, before anything is loaded that an old
 * one cannot run.
 */
export function requireSupportedNode() {
  const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const needed = numbers(engines.node);
  const found = numbers(process.versions.node);
  if (!isOlder(found, needed)) return;
  process.stderr.write(
    `virnucpro-temporal needs Node ${needed.join('.')} or newer; this is ${process.versions.node} (${process.execPath}).\n` +
      'Get one from https://nodejs.org or your version manager, for example `nvm install 20`, and run this again.\n',
  );
  process.exit(1);
}

/** @param {string} text */
function numbers(text) {
  return (text.match(/\d+/gu) || []).map(Number);
}

/**
 * @param {number[]} found
 * @param {number[]} needed
 */
function isOlder(found, needed) {
  const at = needed.findIndex((part, index) => found[index] !== part);
  return at !== -1 && (found[at] ?? 0) < (needed[at] ?? 0);
}
