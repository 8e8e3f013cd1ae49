import { crc32, leaseScanMemory } from '../../torch/index.ts';
import { RegionScan } from '../region-scan.ts';
import { RowFindings } from '../row-findings.ts';

/** A storage full of rows of float32. */
export interface StorageRows {
  /** First byte of the storage in the file. */
  readonly dataOffset: number;
  readonly firstRow: number;
  /** Bytes of the storage. */
  readonly end: number;
  readonly rowBytes: number;
}

/** What several threads share: the storage is cut into pieces of whole rows, and who has nothing to do takes the next. */
export interface ScanJob extends StorageRows {
  /** Of the file; descriptors are those of the process. */
  readonly descriptor: number;
  readonly pieceBytes: number;
  readonly pieces: number;
  /** {@link Counter}s. */
  readonly counters: Int32Array<SharedArrayBuffer>;
  /** For each piece, 1 once it was scanned. */
  readonly done: Int32Array<SharedArrayBuffer>;
  /** CRC-32 of each piece. */
  readonly crcs: Uint32Array<SharedArrayBuffer>;
  /** Findings of each piece, packed. */
  readonly findings: Float64Array<SharedArrayBuffer>;
}

/** Places in {@link ScanJob.counters}. */
export const Counter = {
  /** The piece that nobody has taken yet. */
  next: 0,
  /** How many pieces were scanned; who waits is woken by it. */
  scanned: 1,
} as const;

/** Long enough that taking one costs nothing, short enough that nobody waits long for the last. */
export const PIECE_BYTES = 32 << 20;

/** Pieces of whole rows start where chunks of a reader could. */
const ALIGNED_ROWS = 16;

/** @returns undefined if a row is so long that there is no piece of sensible size */
export function makeJob(descriptor: number, rows: StorageRows, wantedBytes: number): ScanJob | undefined {
  const unit = rows.rowBytes * ALIGNED_ROWS;
  if (unit > wantedBytes) return undefined;
  const pieceBytes = Math.floor(wantedBytes / unit) * unit;
  const pieces = Math.ceil(rows.end / pieceBytes);
  const shared = (bytes: number): SharedArrayBuffer => new SharedArrayBuffer(bytes);
  return {
    ...rows,
    descriptor,
    pieceBytes,
    pieces,
    counters: new Int32Array(shared(4 * Object.keys(Counter).length)),
    done: new Int32Array(shared(4 * pieces)),
    crcs: new Uint32Array(shared(4 * pieces)),
    findings: new Float64Array(shared(8 * pieces * RowFindings.PACKED)),
  };
}

/** Fills `into` with the bytes of the file from `offset`, or throws. */
export type ReadInto = (offset: number, into: Buffer) => void;

/** What was found in one piece. */
export interface ScannedPiece {
  /** CRC-32. */
  readonly crc: number;
  /** Packed. */
  readonly findings: Float64Array;
}

/** Scans pieces that nobody has taken, as long as there are any, and leaves what was found in the job. */
export function scanFreePieces(job: ScanJob, read: ReadInto): void {
  const take = (): number => Atomics.add(job.counters, Counter.next, 1);
  for (let piece = take(); piece < job.pieces; piece = take()) {
    const { crc, findings } = scanPiece(job, piece, read);
    job.crcs[piece] = crc;
    findingsOf(job, piece).set(findings);
    Atomics.store(job.done, piece, 1);
    Atomics.add(job.counters, Counter.scanned, 1);
    Atomics.notify(job.counters, Counter.scanned);
  }
}

/** Changes nothing in the job: whoever took the piece before may only be slow, and still come to its end. */
export function scanPiece(job: ScanJob, piece: number, read: ReadInto): ScannedPiece {
  const start = piece * job.pieceBytes;
  const end = Math.min(job.end, start + job.pieceBytes);
  const findings = new RowFindings();
  const region = { firstRow: job.firstRow + start / job.rowBytes, start, end };
  const scan = new RegionScan(region, job.rowBytes, findings);
  const memory = leaseScanMemory();
  let crc = 0;
  try {
    for (let at = start; at < end; at += memory.buffer.length) {
      const chunk = memory.buffer.subarray(0, Math.min(memory.buffer.length, end - at));
      read(job.dataOffset + at, chunk);
      crc = crc32(chunk, crc);
      scan.chunk(chunk, at);
    }
  } finally {
    memory.release();
  }
  const packed = new Float64Array(RowFindings.PACKED);
  findings.pack(packed);
  return { crc, findings: packed };
}

/** @returns undefined for a piece that nobody has scanned to its end; what is returned does not change any more */
export function scannedPiece(job: ScanJob, piece: number): ScannedPiece | undefined {
  if (Atomics.load(job.done, piece) === 0) return undefined;
  return { crc: job.crcs[piece] as number, findings: findingsOf(job, piece) };
}

/** The place of the findings of a piece. */
function findingsOf({ findings }: ScanJob, piece: number): Float64Array {
  return findings.subarray(piece * RowFindings.PACKED, (piece + 1) * RowFindings.PACKED);
}
