import { createHash } from 'node:crypto';
import { crc32Replaced } from './crc32.ts';
import { PICKLE_RECORD } from './pickle/errors.ts';
import { PickleWriter } from './pickle/write-pickle.ts';
import type { PendingPlace } from './pickle/write-pickle.ts';
import { ELEMENT_SIZE } from './tensor/dtype.ts';
import type { Writable, WritableTensor } from './writable.ts';
import { ALIGNMENT, ArchiveWriter, crcOffsets } from './zip/write-archive.ts';
import type { ByteSink } from './zip/output-buffer.ts';
import type { WrittenRecord } from './zip/write-archive.ts';

/** Bytes to overwrite in the finished file. */
export interface FilePatch {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface WrittenTorchFile {
  /** Size of the file. */
  readonly bytes: number;
  /**
   * Turn every pending string into its final value: the opcode bytes in data.pkl, and its CRC in the data descriptor and
   * in the central directory. Applied, the file is byte for byte what writing `later` at once would have given. Empty
   * without pending strings.
   */
  readonly patches: readonly FilePatch[];
}

export interface WriteTorchFileOptions {
  /** Prefix of every record: the stem of the file's name. Not ASCII, or empty → `archive`, as torch does. */
  prefix: string;
}

/** Content of record `version`: what torch.save has written since 1.6. */
const FORMAT_VERSION = '3\n';

function archivePrefix(wanted: string): string {
  return /^[\x20-\x2e\x30-\x7e]+$/.test(wanted) ? wanted : 'archive';
}

/** Writes the content of a record, waiting for room where there is none. */
async function writeContent(
  archive: ArchiveWriter,
  size: number,
  read: (byteOffset: number, into: Buffer) => void,
): Promise<void> {
  for (let done = 0; done < size;) {
    const from = done;
    done += archive.content(size - done, (into) => read(from, into));
    if (done < size) await archive.makeRoom();
  }
}

async function writePickle(archive: ArchiveWriter, root: Writable): Promise<PickleWriter> {
  const pickle = new PickleWriter();
  archive.begin(PICKLE_RECORD, undefined);
  const writeChunk = (): Promise<void> => {
    const chunk = pickle.take();
    return writeContent(archive, chunk.length, (from, into) => void chunk.copy(into, 0, from));
  };
  for (const _ of pickle.write(root)) await writeChunk();
  await writeChunk();
  return pickle;
}

async function writeStorage(archive: ArchiveWriter, key: number, tensor: WritableTensor): Promise<void> {
  const bytes = tensor.shape.reduce((product, size) => product * size, ELEMENT_SIZE[tensor.dtype]);
  if (!Number.isSafeInteger(bytes)) throw new RangeError(`tensor of shape (${tensor.shape.join(', ')}) is too large`);
  if (archive.isFull) await archive.makeRoom();
  archive.begin(`data/${key}`, bytes);
  const done = archive.content(bytes, (into) => tensor.read(0, into));
  if (done < bytes) await writeContent(archive, bytes - done, (from, into) => tensor.read(done + from, into));
  archive.end();
}

async function writeText(archive: ArchiveWriter, name: string, text: string): Promise<void> {
  if (archive.isFull) await archive.makeRoom();
  archive.begin(name, text.length);
  archive.content(text.length, (into) => void into.write(text, 'latin1'));
  archive.end();
}

function finalCrc(record: WrittenRecord, pending: readonly PendingPlace[]): number {
  return pending.reduce(
    (crc, { offset, now, later }) => crc32Replaced(crc, now, later, record.size - offset - now.length),
    record.crc,
  );
}

/**
 * 40 digits: two 64-bit halves of a SHA-256 over the names, sizes and final CRCs of all records before this one. torch
 * hashes the same facts in a way that depends on the platform, and only logs the result.
 */
function serializationId(records: readonly WrittenRecord[], pickleCrc: number): string {
  const hash = createHash('sha256');
  for (const { name, size, crc } of records) {
    hash.update(`${name}\0${size}\0${name === PICKLE_RECORD ? pickleCrc : crc}\n`);
  }
  const digest = hash.digest();
  return [0, 8].map((at) => digest.readBigUInt64BE(at).toString().padStart(20, '0')).join('');
}

function patchesOf(
  record: WrittenRecord,
  crc: number,
  pending: readonly PendingPlace[],
  directoryOffset: number,
): FilePatch[] {
  if (pending.length === 0) return [];
  const crcBytes = Buffer.alloc(4);
  crcBytes.writeUInt32LE(crc);
  return [
    ...pending.map(({ offset, later }) => ({ offset: record.dataOffset + offset, bytes: later })),
    ...crcOffsets(record, directoryOffset).map((offset) => ({ offset, bytes: crcBytes })),
  ];
}

/**
 * Streams a file with the layout of torch 2.9: the bytes of `torch.save(obj, path)` except `.data/serialization_id` and
 * its CRC.
 *
 * @throws RangeError for what torch could not read back (a number that is not an integer, a pickle ≥ 4 GiB)
 */
export async function writeTorchFile(
  sink: ByteSink,
  root: Writable,
  options: WriteTorchFileOptions,
): Promise<WrittenTorchFile> {
  const archive = new ArchiveWriter(sink, archivePrefix(options.prefix));
  try {
    return await writeRecords(archive, root);
  } finally {
    await archive.release();
  }
}

async function writeRecords(archive: ArchiveWriter, root: Writable): Promise<WrittenTorchFile> {
  const pickle = await writePickle(archive, root);
  if (archive.isFull) await archive.makeRoom();
  const record = archive.end();
  await writeText(archive, '.format_version', '1');
  await writeText(archive, '.storage_alignment', String(ALIGNMENT));
  await writeText(archive, 'byteorder', 'little');
  for (const [key, tensor] of pickle.tensors.entries()) await writeStorage(archive, key, tensor);
  await writeText(archive, 'version', FORMAT_VERSION);
  const crc = finalCrc(record, pickle.pending);
  await writeText(archive, '.data/serialization_id', serializationId(archive.records, crc));
  const directoryOffset = await archive.finish();
  return { bytes: archive.position, patches: patchesOf(record, crc, pickle.pending, directoryOffset) };
}
