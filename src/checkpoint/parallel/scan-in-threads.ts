import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { entryUrl } from '../../platform/entry-url.ts';
import type { ByteSource, FileSource } from '../../torch/index.ts';
import { crc32Joined } from '../../torch/index.ts';
import type { RowFindings } from '../row-findings.ts';
import type { ReadInto, ScanJob, StorageRows } from './scan-job.ts';
import { Counter, makeJob, PIECE_BYTES, scanFreePieces, scannedPiece, scanPiece } from './scan-job.ts';

/** From here on, a second thread saves several times what starting it takes. */
const MIN_BYTES = 256 << 20;

/** Beside the thread that validates: more are limited by the memory they all read. */
const MAX_HELPERS = 3;

/** A helper that has not ended a piece in this time may have died: whoever waits scans it once more. */
const PATIENCE_MS = 30_000;

/**
 * Scans a large storage of a file with the help of other threads, which the calling thread waits for.
 *
 * @param beat called now and then; what it throws ends the scan
 * @param sizes from where on threads are worth it, and about how large the pieces are that they take
 * @returns the CRC-32 of the storage; undefined where one thread does as well, and nothing has happened
 * @throws what reading the file throws
 */
export function scanInThreads(
  source: ByteSource,
  rows: StorageRows,
  findings: RowFindings,
  beat: () => void,
  sizes = { minBytes: MIN_BYTES, pieceBytes: PIECE_BYTES },
): number | undefined {
  if (rows.end < sizes.minBytes || !hasDescriptor(source)) return undefined;
  const helpers = Math.min(MAX_HELPERS, availableParallelism() - 1);
  if (helpers === 0) return undefined;
  const job = makeJob(source.descriptor, rows, sizes.pieceBytes);
  if (job === undefined) return undefined;
  const threads = Array.from({ length: helpers }, () => startHelper(job));
  const read: ReadInto = (offset, into) => {
    beat();
    source.readInto(offset, into);
  };
  try {
    scanFreePieces(job, read);
    awaitHelpers(job, beat);
    return join(job, findings, read);
  } finally {
    Atomics.store(job.counters, Counter.next, job.pieces);
    for (const thread of threads) void thread.terminate();
  }
}

function hasDescriptor(source: ByteSource): source is FileSource {
  return 'descriptor' in source;
}

function startHelper(job: ScanJob): Worker {
  const thread = new Worker(entryUrl(import.meta.url, './scan-thread.js'), { workerData: job });
  thread.unref();
  // What it leaves undone is done here, and what is wrong shows then.
  thread.on('error', () => undefined);
  return thread;
}

function awaitHelpers({ counters, pieces }: ScanJob, beat: () => void): void {
  for (;;) {
    beat();
    const scanned = Atomics.load(counters, Counter.scanned);
    if (scanned >= pieces || Atomics.wait(counters, Counter.scanned, scanned, PATIENCE_MS) === 'timed-out') return;
  }
}

/** Scans what helpers left undone. @returns the CRC-32 of all pieces */
function join(job: ScanJob, findings: RowFindings, read: ReadInto): number {
  let crc = 0;
  for (let piece = 0; piece < job.pieces; piece++) {
    const found = scannedPiece(job, piece) ?? scanPiece(job, piece, read);
    crc = crc32Joined(crc, found.crc, Math.min(job.pieceBytes, job.end - piece * job.pieceBytes));
    findings.addPacked(found.findings);
  }
  return crc;
}
