// Reads inputs in a process of its own and says what each cost: `node --expose-gc measure-inputs.mjs LIBRARY FILE [inert]`.
// LIBRARY: URL of a folder with torch/index.js and checkpoint/check-source.js; FILE: inputs, each behind its length (u32);
// inert: unknown globals are kept as data.
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';

const [library = '', file = '', mode = ''] = process.argv.slice(2);
/** @type {'refuse' | 'inert'} */
const unknownGlobals = mode === 'inert' ? 'inert' : 'refuse';
/** @type {typeof import('../../src/torch/index.ts')} */
const { memorySource, readTorchFile, TorchFileError } = await import(new URL('torch/index.js', library).href);
/** @type {typeof import('../../src/checkpoint/check-source.ts')} */
const { checkSource } = await import(new URL('checkpoint/check-source.js', library).href);

/**
 * @param {Buffer} bytes
 * @returns {string} `accepted`, the code of a refusal, or what else was thrown
 */
function outcomeOf(bytes) {
  try {
    readTorchFile(memorySource(bytes), { level: 'deep', unknownGlobals });
    return 'accepted';
  } catch (error) {
    return error instanceof TorchFileError ? error.code : `threw ${String(error).slice(0, 200)}`;
  }
}

/**
 * @param {Buffer} bytes
 * @returns {string} `valid`, the code of the problem, or what was thrown
 */
function judgementOf(bytes) {
  try {
    return checkSource(memorySource(bytes), 'x.pt', { level: 'deep' }).problem?.code ?? 'valid';
  } catch (error) {
    return `threw ${String(error).slice(0, 200)}`;
  }
}

/** @param {'VmHWM' | 'VmRSS'} field of proc(5) status, in bytes */
function statusOf(field) {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'mu').exec(readFileSync('/proc/self/status', 'latin1'));
  return Number(line?.[1]) * 1024;
}

/** What is resident now; the peak is counted from here on (proc(5), clear_refs, 5). */
function startOfPeak() {
  globalThis.gc?.();
  writeFileSync('/proc/self/clear_refs', '5');
  return statusOf('VmRSS');
}

const all = readFileSync(file);
/** @type {Buffer[]} */
const inputs = [];
for (let at = 0; at < all.length; at += 4 + all.readUInt32LE(at)) {
  inputs.push(all.subarray(at + 4, at + 4 + all.readUInt32LE(at)));
}

// What the first call of everything costs is no input's fault.
for (const bytes of inputs.filter((input) => input.length < 65_536).slice(0, 200)) outcomeOf(bytes);

const before = startOfPeak();
const measured = inputs.map((bytes) => {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const outcome = outcomeOf(bytes);
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { outcome, ms, cpuMs: (user + system) / 1000 };
});
const growth = statusOf('VmHWM') - before;
const judged = inputs.map(judgementOf);
process.stdout.write(JSON.stringify({ measured, growth, judged, growthOfAll: statusOf('VmHWM') - before }));
