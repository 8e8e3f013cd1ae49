// Puts the nucleotide and the protein rows of a part side by side, 768 + 2560 = 3328 values, into a merged checkpoint. Rows are read
// and written in blocks, so the files may be larger than memory. Both must have the same ids in the same order.
//
//   node examples/checkpoint/merge-kinds.mjs a_DNABERT_S.pt a_ESM.pt a_merged.pt
import { openCheckpoint, publishCheckpoint } from 'virnucpro-temporal/checkpoint';

const [nucleotidePath, proteinPath, mergedPath] = process.argv.slice(2);
if (mergedPath === undefined) throw new Error('usage: merge-kinds.mjs A_DNABERT_S.pt A_ESM.pt A_merged.pt');

const left = await openCheckpoint(nucleotidePath, { level: 'deep' });
const right = await openCheckpoint(proteinPath, { level: 'deep' });
try {
  const at = left.ids.findIndex((id, row) => id !== right.ids[row]);
  if (at >= 0 || left.rows !== right.rows) throw new Error(`ids differ, first in row ${at < 0 ? left.rows : at}`);
  const dim = left.dim + right.dim;
  const { outcome, rows } = await publishCheckpoint(mergedPath, {
    kind: 'merged',
    ids: left.ids,
    rows: {
      rows: left.rows,
      dim,
      read(start, count, into) {
        const [first, second] = [left.slice(start, start + count), right.slice(start, start + count)];
        for (let row = 0; row < count; row++) {
          into.set(first.subarray(row * left.dim, (row + 1) * left.dim), row * dim);
          into.set(second.subarray(row * right.dim, (row + 1) * right.dim), row * dim + left.dim);
        }
      },
    },
  });
  console.log(`${outcome}: ${mergedPath} [${rows}, ${dim}]`);
} finally {
  left.close();
  right.close();
}
