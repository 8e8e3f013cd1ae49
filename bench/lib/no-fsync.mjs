// Preload (`node --import`): fsync and fdatasync do nothing in this process and its threads. For measuring what they cost,
// and for making files that are thrown away; what such a process writes is as durable as a cache.
import fs from 'node:fs';
import { open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { fileURLToPath } from 'node:url';

/** @param {unknown[]} args the last one is the callback */
function callBack(...args) {
  const callback = /** @type {(error: null) => void} */ (args.at(-1));
  process.nextTick(callback, null);
}

const nothing = () => {};
Object.assign(fs, { fsync: callBack, fdatasync: callBack, fsyncSync: nothing, fdatasyncSync: nothing });
// `import { fsyncSync } from 'node:fs'` sees the change only after this.
syncBuiltinESMExports();

const file = await open(fileURLToPath(import.meta.url));
const handle = Object.getPrototypeOf(file);
handle.sync = handle.datasync = async () => {};
await file.close();
