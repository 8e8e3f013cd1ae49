import type { ByteSource } from './byte-source.ts';
import type { PyValue, TorchStorage } from './pickle/values.ts';
import type { Archive } from './zip/archive.ts';

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
   * Called once everything but tensor data has been checked and before any of it is read; what it throws ends the
   * reading. The place to reject a file of the wrong kind before its gigabytes are read.
   */
  onStructure?: (file: TorchFile) => void;
  /**
   * Level `deep`: sees the bytes of every storage in the same single pass that computes the CRC, in file order, in
   * chunks of at most 4 MiB that are only valid during the call. `byteOffset` is relative to the storage.
   * Chunk lengths are multiples of 64 except for the last one of a storage.
   */
  onStorageChunk?: (storage: TorchStorage, chunk: Buffer, byteOffset: number) => void;
  signal?: AbortSignal;
}

export interface TorchFile {
  readonly source: ByteSource;
  readonly archive: Archive;
  readonly root: PyValue;
  /** By storage key, in the order of the file. */
  readonly storages: ReadonlyMap<string, TorchStorage>;
  /** `data/*` records that nothing in the pickle refers to. */
  readonly unreferencedStorages: readonly string[];
  /** `unverified`: at level `deep`, but at least one record carries no CRC. */
  readonly integrity: 'trusted' | 'structure' | 'verified' | 'unverified';
  readonly pickleProtocol: number;
  readonly byteOrder: 'little' | 'big';
  /** Content of record `version` (3 in every file by torch.save so far). */
  readonly formatVersion: number;
}

/**
 * Reads a `.pt` file without executing anything and without loading it: tensors stay views on the file.
 *
 * @throws TorchFileError what is wrong with the bytes
 * @throws FileChangedError, errno errors: nothing is known about the bytes
 */
export function readTorchFile(source: ByteSource, options: ReadTorchFileOptions = {}): TorchFile {
  throw new Error(`not written yet: ${source.size} ${options.level}`);
}
