import type { ByteSource } from './byte-source.ts';
import { readBytes } from './byte-source.ts';
import { crc32 } from './crc32.ts';
import { TorchFileError } from './errors.ts';
import { readMetadata } from './metadata.ts';
import { PICKLE_RECORD } from './pickle/errors.ts';
import type { UnknownGlobals } from './pickle/inert.ts';
import { PickleInput } from './pickle/input.ts';
import { readPickle } from './pickle/read-pickle.ts';
import type { ReadPickle } from './pickle/read-pickle.ts';
import type { PyValue, TorchStorage } from './pickle/values.ts';
import { StorageTable } from './storages.ts';
import { leaseScanMemory, SCAN_BYTES } from './scan/scan.ts';
import { Window } from './window.ts';
import { STORAGE_FOLDER } from './zip/archive.ts';
import type { Archive, ArchiveRecord } from './zip/archive.ts';
import { readArchive } from './zip/read-archive.ts';
import { readDirectory } from './zip/read-directory.ts';

/**
 * - `trusted`: ZIP directory and pickle; no local header, no CRC.
 * - `structure`: exact tiling of the file, the CRC of every record except tensor data, pickle walked, storages exist and
 *   have exactly the declared size, views lie inside them. No tensor byte is read.
 * - `deep`: also the CRC of every storage, streamed once.
 */
export type TorchReadLevel = 'trusted' | 'structure' | 'deep';

export interface ReadTorchFileOptions {
  /** @default 'structure' */
  level?: TorchReadLevel;
  /**
   * Classes and functions that are not on the allowlist: `refuse` ends the reading with `UNSAFE_GLOBAL`; `inert` keeps their
   * names, and objects of theirs as records of what the pickle holds ({@link InertObject}). Nothing is executed either way.
   *
   * @default 'refuse'
   */
  unknownGlobals?: UnknownGlobals;
  /**
   * Called once everything but tensor data has been checked and before any of it is read; what it throws ends the
   * reading. The place to reject a file of the wrong kind before its gigabytes are read.
   */
  onStructure?: (file: TorchFile) => void;
  /**
   * Level `deep`: sees the bytes of every storage in the same single pass that computes the CRC, in file order, in
   * chunks of at most 256 KiB that are only valid during the call. `byteOffset` is relative to the storage.
   * Chunk lengths are multiples of 64 except for the last one of a storage. Storages that nothing refers to are not shown.
   */
  onStorageChunk?: (storage: TorchStorage, chunk: Buffer, byteOffset: number) => void;
  /**
   * Level `deep`: reads a whole storage in place of the reader, for whoever can do it faster, and gives its CRC-32;
   * undefined leaves it to the reader.
   */
  readStorage?: (storage: TorchStorage) => number | undefined;
}

export interface TorchFile {
  readonly source: ByteSource;
  readonly archive: Archive;
  readonly root: PyValue;
  /** In the order in which the pickle refers to them. */
  readonly storages: readonly TorchStorage[];
  /** `data/*` records that nothing in the pickle refers to. */
  readonly unreferencedStorages: readonly string[];
  /** `unverified`: a CRC of this level is missing (0 over content), so nothing vouches for those bytes. */
  readonly integrity: 'trusted' | 'structure' | 'verified' | 'unverified';
  readonly pickleProtocol: number;
  readonly byteOrder: 'little' | 'big';
  /** Content of record `version` (3 in every file by torch.save so far). */
  readonly formatVersion: number;
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}

/** @returns whether the record carries a CRC. @throws TorchFileError `CRC_MISMATCH` */
function checkCrc(record: ArchiveRecord, crc: number): boolean {
  if (crc === record.crc) return true;
  if (!record.crcPresent) return false;
  throw new TorchFileError(
    'CRC_MISMATCH',
    `record ${record.name} at offset ${record.dataOffset}: CRC-32 of its ${record.size} bytes is ${hex(crc)}, ` +
      `expected ${hex(record.crc)}`,
    { record: record.name, offset: record.dataOffset },
  );
}

function pickleRecord(archive: Archive): ArchiveRecord {
  const record = archive.find(PICKLE_RECORD);
  if (record !== undefined) return record;
  throw new TorchFileError('MISSING_RECORD', `record ${PICKLE_RECORD} is missing`, { record: PICKLE_RECORD });
}

interface WalkedPickle extends ReadPickle {
  readonly storages: StorageTable;
  readonly crcPresent: boolean;
}

/**
 * Walks the pickle and computes its CRC in the same pass. Where both are wrong, the CRC is the reason: damaged bytes can
 * look like anything, even like a forbidden global.
 */
function walkPickle(
  source: ByteSource,
  window: Buffer,
  archive: Archive,
  { level, unknownGlobals }: Required<Pick<ReadTorchFileOptions, 'level' | 'unknownGlobals'>>,
): WalkedPickle {
  const record = pickleRecord(archive);
  const withCrc = level !== 'trusted';
  const place = { start: record.dataOffset, size: record.size };
  const input = new PickleInput(source, { ...place, window, withCrc, inspectFloats: level === 'deep' });
  const storages = new StorageTable(archive);
  try {
    const pickle = readPickle(input, storages, unknownGlobals);
    return { ...pickle, storages, crcPresent: !withCrc || checkCrc(record, input.finish()) };
  } catch (error) {
    if (withCrc && error instanceof TorchFileError && error.code !== 'CRC_MISMATCH') checkCrc(record, input.finish());
    throw error;
  }
}

/** Reads every storage record once, in file order. @returns whether all of them carry CRCs */
function checkStorages(
  file: TorchFile,
  storages: StorageTable,
  window: Window,
  options: ReadTorchFileOptions,
): boolean {
  let present = true;
  for (const record of file.archive.records) {
    if (!record.name.startsWith(STORAGE_FOLDER)) continue;
    const storage = storages.ofRecord(record);
    const crc = (storage && options.readStorage?.(storage)) ?? streamStorage(record, storage, window, options);
    if (!checkCrc(record, crc)) present = false;
  }
  return present;
}

/** @returns the CRC-32 of its content */
function streamStorage(
  record: ArchiveRecord,
  storage: TorchStorage | undefined,
  window: Window,
  { onStorageChunk }: ReadTorchFileOptions,
): number {
  let crc = 0;
  for (let at = 0; at < record.size; at += SCAN_BYTES) {
    const chunk = window.view(record.dataOffset + at, Math.min(SCAN_BYTES, record.size - at));
    crc = crc32(chunk, crc);
    if (storage !== undefined) onStorageChunk?.(storage, chunk, at);
  }
  return crc;
}

/**
 * Reads a `.pt` file without executing anything and without loading it: tensors stay views on the file.
 *
 * @throws TorchFileError what is wrong with the bytes
 * @throws FileChangedError, errno errors: nothing is known about the bytes
 */
export function readTorchFile(source: ByteSource, options: ReadTorchFileOptions = {}): TorchFile {
  const memory = leaseScanMemory();
  try {
    return readThrough(memory.buffer, source, options);
  } finally {
    memory.release();
  }
}

function readThrough(window: Buffer, source: ByteSource, options: ReadTorchFileOptions): TorchFile {
  const level = options.level ?? 'structure';
  const archive = level === 'trusted' ? readDirectory(source) : readArchive(source, window);
  const readRecord = (record: ArchiveRecord): Buffer => readBytes(source, record.dataOffset, record.size);
  let crcsPresent = true;
  const metadata = readMetadata(archive, (record) => {
    const bytes = readRecord(record);
    if (level !== 'trusted' && !checkCrc(record, crc32(bytes))) crcsPresent = false;
    return bytes;
  });
  const { root, protocol, storages, crcPresent } = walkPickle(source, window, archive, {
    level,
    unknownGlobals: options.unknownGlobals ?? 'refuse',
  });
  crcsPresent &&= crcPresent;
  const file: TorchFile = {
    source,
    archive,
    root,
    storages: storages.all,
    unreferencedStorages: unreferenced(archive, storages),
    integrity: crcsPresent ? (level === 'deep' ? 'structure' : level) : 'unverified',
    pickleProtocol: protocol,
    ...metadata,
  };
  options.onStructure?.(file);
  if (level !== 'deep') return file;
  const storageWindow = new Window(source, window, SCAN_BYTES);
  crcsPresent = checkStorages(file, storages, storageWindow, options) && crcsPresent;
  return { ...file, integrity: crcsPresent ? 'verified' : 'unverified' };
}

/** Counting first: the usual file has none. */
function unreferenced({ records }: Archive, storages: StorageTable): string[] {
  const data = records.filter(({ name }) => name.startsWith(STORAGE_FOLDER));
  if (data.length === storages.all.length) return [];
  return data.filter((record) => storages.ofRecord(record) === undefined).map(({ name }) => name);
}
