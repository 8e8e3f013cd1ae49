// Appends entries to failed_checkpoints.txt of a folder, as one of several processes that do so at a time.
import { appendFailedCheckpoint } from '../../dist/checkpoint/index.js';

const [folder = '', writer = '', count = '0'] = process.argv.slice(2);
for (let entry = 0; entry < Number(count); entry++) {
  await appendFailedCheckpoint(folder, {
    path: `${writer}/${entry}.pt`,
    reason: `corrupted: ${'x'.repeat(entry * 20)}`,
  });
}
