// One task on a file system that is full at first: prints as JSON how the attempts before and after some space was freed end.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { settleCheckpoint } from '../../dist/activities/settle-checkpoint.js';
import { validateCheckpointSync } from '../../dist/checkpoint/index.js';
import { nodeFileSystem } from '../../dist/platform/node-file-system.js';
import { openSpool } from '../../dist/spool/index.js';

const [folder = '', freeKiB = '0'] = process.argv.slice(2);
const spoolFolder = join(folder, '.virnucpro', 'spool', 'task');
const checkpointFile = join(folder, 'a_KMER.pt');
const shape = { taskDigest: 'ab'.repeat(32), rows: 64, dim: 1024 };
const ids = Array.from({ length: shape.rows }, (_, row) => `record ${row}`);
const claim = { host: 'host', pid: process.pid, workflowId: 'w', activityId: 'a', attempt: 1 };

async function attempt() {
  const spool = await openSpool(spoolFolder, shape, claim, { signal: new AbortController().signal }).catch(failed);
  if ('code' in spool) return spool;
  const recovered = spool.recoveredRows;
  try {
    for (let row = 0; row < shape.rows; row += 4) {
      const missing = [row, row + 1, row + 2, row + 3].filter((ordinal) => !spool.has(ordinal));
      const values = missing.flatMap((ordinal) =>
        Array.from({ length: shape.dim }, (_, at) => ordinal + at / shape.dim),
      );
      await spool.append(missing, Float32Array.from(values));
    }
    const segments = await spool.finish();
    const task = { spoolFolder, shape, segments, checkpointFile, kind: /** @type {const} */ ('vectors') };
    await settleCheckpoint(task, ids, nodeFileSystem, { waitMs: 0 });
    return { recovered };
  } catch (error) {
    return { ...failed(/** @type {NodeJS.ErrnoException} */ (error)), recovered, durable: spool.durableRows };
  } finally {
    await spool.close();
  }
}

/** @param {NodeJS.ErrnoException} error */
function failed({ code, message }) {
  return { code, message };
}

mkdirSync(spoolFolder, { recursive: true });
const filler = join(folder, 'filler');
const total = 1024; // KiB, as mounted
writeFileSync(filler, Buffer.alloc((total - Number(freeKiB)) << 10));
const full = [await attempt(), await attempt()];
rmSync(filler);
const freed = await attempt();
const { result, rows } = validateCheckpointSync(checkpointFile, { level: 'deep', expect: { kind: 'vectors', ids } });
console.log(JSON.stringify({ full, freed, result, rows, left: readdirSync(folder).toSorted() }));
