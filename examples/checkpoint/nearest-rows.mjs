// The rows that are most alike one row (cosine similarity), in a file of any size: a block of rows is in memory at a time.
//
//   node examples/checkpoint/nearest-rows.mjs run/genome_KMER.pt NC_001416.1_chunk_1
import { openCheckpoint } from 'virnucpro-temporal/checkpoint';

const SHOWN = 3;
const [path, wanted] = process.argv.slice(2);
if (path === undefined || wanted === undefined) throw new Error('usage: nearest-rows.mjs FILE.pt ID');

const checkpoint = await openCheckpoint(path);
try {
  const at = checkpoint.ids.indexOf(wanted);
  if (at < 0) throw new Error(`${path} has no row ${wanted}`);
  const query = await checkpoint.readRow(at);

  /** @type {{ id: string, similarity: number }[]} */
  const nearest = [];
  for await (const { index, id, values } of checkpoint) {
    if (index === at) continue;
    nearest.push({ id, similarity: dot(query, values) / Math.sqrt(dot(query, query) * dot(values, values)) });
    nearest.sort((one, other) => other.similarity - one.similarity);
    nearest.splice(SHOWN);
  }
  for (const { id, similarity } of nearest) console.log(`${similarity.toFixed(4)} ${id}`);
} finally {
  checkpoint.close();
}

/**
 * @param {Float32Array} left
 * @param {Float32Array} right
 */
function dot(left, right) {
  return left.reduce((sum, value, column) => sum + value * (right[column] ?? 0), 0);
}
