// Makes an array for numpy of every complete checkpoint of a folder; what is there already is found, what is bad is left out and said.
//
//   node examples/checkpoint/convert-folder.mjs run arrays
import { mkdir, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CheckpointError, convertCheckpoint, isCheckpointName } from 'virnucpro-temporal/checkpoint';

const [from = '.', to = 'arrays'] = process.argv.slice(2);
await mkdir(to, { recursive: true });
for (const name of (await readdir(from)).filter(isCheckpointName).toSorted()) {
  try {
    const output = join(to, `${basename(name, '.pt')}.npy`);
    const { outcome, rows, dim, dtype } = await convertCheckpoint(join(from, name), output);
    console.log(`${outcome}: ${output} [${rows}, ${dim}] ${dtype}`);
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    console.log(`left out: ${error.message}`);
    process.exitCode = 3;
  }
}
