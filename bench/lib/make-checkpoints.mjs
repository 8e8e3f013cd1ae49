// `node --import no-fsync.mjs make-checkpoints.mjs FOLDER COUNT`: the checkpoints that the fake embedder would make of as
// many files of one record, by the checkpoint library alone.
import path from 'node:path';
import process from 'node:process';
import { arrayRowSource, publishCheckpoint } from '../../dist/checkpoint/index.js';
import { oneRecord } from './one-record-files.mjs';

const DIM = 16;
const [folder = '', count = ''] = process.argv.slice(2);
const rows = arrayRowSource(new Float32Array(DIM).fill(0.5), DIM);
for (let file = 0; file < Number(count); file++) {
  const { stem, id } = oneRecord(file);
  await publishCheckpoint(path.join(folder, `${stem}_FAKE.pt`), { kind: 'vectors', ids: [id], rows });
}
