// An embedder process that cannot be talked to: it and a process that it starts ignore SIGTERM, it answers its first two
// requests with ones and the others never. Arguments: a file that gets both process ids, the dimension, and the built
// module of frames.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync, writeSync } from 'node:fs';
import process from 'node:process';

const [, , pidFile = '', dim = '1', framesUrl = ''] = process.argv;
const { encodeFrame, FrameDecoder, payloadFromFloats } = await import(framesUrl);

/**
 * @param {object} header
 * @param {Uint8Array} [payload]
 */
function send(header, payload) {
  for (const bytes of encodeFrame(header, payload)) writeSync(3, bytes);
}

process.on('SIGTERM', () => {});
const program = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("up")';
const other = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'] });
await once(other.stdout, 'data');
writeFileSync(pidFile, `${process.pid}\n${other.pid}\n`);

const decoder = new FrameDecoder();
let answered = 0;
process.stdin.on('data', (bytes) => {
  for (const { header } of decoder.push(bytes)) {
    if (header.items === undefined || answered === 2) continue;
    answered++;
    send({ id: header.id }, payloadFromFloats(new Float32Array(header.items.length * Number(dim)).fill(1)));
  }
});
process.stdin.on('end', () => process.exit(0));
send({ ready: true });
