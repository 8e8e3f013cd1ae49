import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { applyPatches, CHUNK_BYTES } from './digest.ts';
import type { DigestTask } from './digest.ts';

const { descriptor, bytes, patches } = workerData as DigestTask;

const hash = createHash('sha256');
const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
for (let offset = 0; offset < bytes;) {
  const count = readSync(descriptor, chunk, 0, Math.min(CHUNK_BYTES, bytes - offset), offset);
  if (count === 0) throw new Error(`the file ends at byte ${offset}`);
  const piece = chunk.subarray(0, count);
  applyPatches(piece, offset, patches);
  hash.update(piece);
  offset += count;
}
const port = parentPort;
port?.postMessage(hash.digest('hex'));
