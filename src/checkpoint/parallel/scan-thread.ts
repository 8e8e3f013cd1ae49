import { readSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import type { ReadInto, ScanJob } from './scan-job.ts';
import { scanFreePieces } from './scan-job.ts';

const job = workerData as ScanJob;

/** Whoever cannot read leaves the piece to the thread that started it, which says what is wrong with the file. */
const read: ReadInto = (offset, into) => {
  for (let done = 0; done < into.length;) {
    const got = readSync(job.descriptor, into, done, into.length - done, offset + done);
    if (got === 0) throw new Error(`the file ends at byte ${offset + done}`);
    done += got;
  }
};

scanFreePieces(job, read);
