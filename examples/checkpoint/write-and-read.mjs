// Writes two rows, checks the file and reads it back.
//
//   node examples/checkpoint/write-and-read.mjs sample_KMER.pt
import { openCheckpoint, validateCheckpoint, writeCheckpoint } from 'virnucpro-temporal/checkpoint';

const [path = 'sample_KMER.pt'] = process.argv.slice(2);
const dim = 136;
const rows = Float32Array.from({ length: 2 * dim }, (_, index) => index / dim);

const { outcome, bytes } = await writeCheckpoint(path, { kind: 'vectors', ids: ['phage', 'host'], rows, dim });
console.log(`${outcome}: ${path}, ${bytes} bytes`);

const { result, integrity, reason } = await validateCheckpoint(path, { level: 'deep' });
if (result !== 'valid') throw new Error(reason);
console.log(`${result}, ${integrity}`);

const checkpoint = await openCheckpoint(path);
try {
  for await (const { id, values } of checkpoint) console.log(`${id}: starts with ${values[0]}`);
} finally {
  checkpoint.close();
}
