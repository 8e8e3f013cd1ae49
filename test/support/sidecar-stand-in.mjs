// A stand-in for the Python process of the models: speaks its protocol, with the rows of the fake embedder. Its last argument
// is the settings as JSON; `faults` says what shall go wrong, and `startFails`, `silentStart` and `handshake` how it starts.
import { writeSync } from 'node:fs';
import process from 'node:process';
import { encodeFrame, FrameDecoder, payloadFromFloats } from '../../dist/embedders/process/frames.js';
import { fakeVector } from '../../dist/embedders/fake/fake-vector.js';

const settings = JSON.parse(process.argv.at(-1) ?? '{}');
const faults = settings.faults ?? {};
const dim = settings.tiny?.hidden ?? 320;

/**
 * @param {object} header
 * @param {Uint8Array} [payload]
 */
function send(header, payload) {
  for (const bytes of encodeFrame(header, payload)) writeSync(3, bytes);
}

/** @param {{ id: string, sequence: string }} item */
function fateOf({ id, sequence }) {
  if (faults.crashOn?.includes(id)) process.kill(process.pid, 'SIGKILL');
  if (sequence.includes('J')) return { status: 'invalid', reason: `letter J at ${sequence.indexOf('J') + 1}` };
  if (sequence.length > settings.maxLength) return { status: 'too_long', reason: `${sequence.length} letters` };
  if (faults.oomOn?.includes(id)) return { status: 'too_large', reason: 'out of memory' };
  if (faults.nanAlways?.includes(id)) return { status: 'numeric', reason: 'not finite' };
  return undefined;
}

/** @param {{ header: any, payload: Buffer }} frame */
function answer({ header, payload }) {
  const rows = new Float32Array(header.items.length * dim);
  const bad = [];
  let at = 0;
  if (faults.tellRequests) console.log(`request ${header.items.length} ${payload.length}`);
  for (const [index, { id, length }] of header.items.entries()) {
    const sequence = payload.toString('latin1', at, at + length);
    at += length;
    if (faults.hangOn?.includes(id)) return;
    if (faults.poisonOn?.includes(id)) {
      send({ id: header.id, error: { type: 'EmbeddingError.Embedder', message: 'CUDA error: illegal address' } });
      process.exit(86);
    }
    const fate = fateOf({ id, sequence });
    if (fate !== undefined) bad.push({ index, ...fate });
    const isSilentlyBad = faults.silentNanOn?.includes(id);
    rows.set(fate || isSilentlyBad ? new Float32Array(dim).fill(NaN) : fakeVector(sequence, dim), index * dim);
  }
  send({ pulse: 'embed', id: header.id });
  if (faults.garbage) writeSync(3, 'a stray print, long enough');
  send({ id: header.id, bad, stats: {} }, payloadFromFloats(rows));
}

const decoder = new FrameDecoder();
process.stdin.on('end', () => process.exit(0));
process.stdin.on('data', (bytes) => {
  for (const frame of decoder.push(bytes)) {
    if (!('drop' in frame.header)) answer(frame);
  }
});

if (faults.stdoutNoise) console.log('VNF1 noise on stdout');
if (faults.startFails !== undefined) {
  send({ fatal: { type: faults.startFails, message: 'no weights; get them' } });
  process.exit(faults.startFails === 'EmbeddingError.DeviceLost' ? 86 : 78);
}
send({ pulse: 'reading weights' });
if (!faults.silentStart) {
  send({
    ...{ ready: true, protocol: faults.protocol ?? 1, embedder: settings.embedder, model: 'stand-in', dim },
    ...{ weights: settings.randomInit === null ? 'sha256:00' : `random-init:${settings.randomInit}` },
    ...{
      dtype: settings.dtype === 'auto' ? 'float32' : settings.dtype,
      tokenizer: 'sha256:01',
      pooling: 'mean-residues',
    },
    ...{ device: settings.device === 'auto' ? 'cpu' : settings.device, maxLength: settings.maxLength },
    ...faults.handshake,
  });
}
