import { TorchFileError } from './errors.ts';
import type { Construction } from './pickle/globals.ts';
import type { StorageId, Storages } from './pickle/machine.ts';
import type { TorchStorage } from './pickle/values.ts';
import { STORAGE_FOLDER } from './zip/archive.ts';
import type { Archive, ArchiveRecord } from './zip/archive.ts';

/** The storages that a pickle refers to, each checked against its record when it is first met. */
export class StorageTable implements Storages {
  /** In the order in which the pickle refers to them. */
  readonly all: TorchStorage[] = [];
  readonly #archive: Archive;
  /** By place of the record in the archive. */
  readonly #byRecord: (TorchStorage | undefined)[] = [];
  /** Place in the archive of the record that was used last: writers store them in the order of the pickle. */
  #last: number;

  constructor(archive: Archive) {
    this.#archive = archive;
    this.#last = archive.records.findIndex(({ name }) => name.startsWith(STORAGE_FOLDER)) - 1;
  }

  /** @throws TorchFileError `MISSING_RECORD`, `STORAGE_SIZE`, `BROKEN_PICKLE` */
  load(id: StorageId, fail: Construction['fail']): TorchStorage {
    const record = this.#find(id.key);
    const known = this.#byRecord[record.index];
    if (known === undefined) return this.#add(id, record);
    if (known.dtype !== id.type.dtype || known.byteLength !== id.numel * id.type.elementSize) {
      throw fail(`storage ${id.key} is declared twice, with different types or sizes`);
    }
    return known;
  }

  keyAt(bytes: Buffer, at: number, end: number): string {
    const name = this.#archive.records[this.#last + 1]?.name;
    return name !== undefined && hasKey(name, bytes, at, end)
      ? name.slice(STORAGE_FOLDER.length)
      : bytes.toString('latin1', at, end);
  }

  /** @returns undefined if nothing refers to the record */
  ofRecord({ index }: ArchiveRecord): TorchStorage | undefined {
    return this.#byRecord[index];
  }

  #add({ type, key, location, numel }: StorageId, record: ArchiveRecord): TorchStorage {
    const { dtype, elementSize } = type;
    const byteLength = numel * elementSize;
    if (record.size !== byteLength) {
      throw new TorchFileError(
        'STORAGE_SIZE',
        `record ${record.name} at offset ${record.dataOffset} has ${record.size} bytes, ` +
          `expected ${byteLength} for ${dtype === undefined ? byteLength : numel} elements of ${dtype ?? 'bytes'}`,
        { record: record.name, offset: record.dataOffset },
      );
    }
    const storage: TorchStorage = {
      type: 'storage',
      key,
      dtype,
      numel: dtype === undefined ? byteLength : numel,
      byteLength,
      location,
      dataOffset: record.dataOffset,
    };
    this.#byRecord[record.index] = storage;
    this.all.push(storage);
    return storage;
  }

  #find(key: string): ArchiveRecord {
    const next = this.#archive.records[this.#last + 1];
    const record =
      next !== undefined && isRecordOf(next.name, key) ? next : this.#archive.byName.get(STORAGE_FOLDER + key);
    if (record === undefined) {
      const name = STORAGE_FOLDER + key;
      throw new TorchFileError('MISSING_RECORD', `record ${name} is missing, a tensor in data.pkl needs it`, {
        record: name,
      });
    }
    if (record === next) this.#last += 1;
    return record;
  }
}

function isRecordOf(name: string, key: string): boolean {
  return name.length === STORAGE_FOLDER.length + key.length && name.startsWith(STORAGE_FOLDER) && name.endsWith(key);
}

/** Whether `name` is that of the storage whose key is `bytes[at, end)`. */
function hasKey(name: string, bytes: Buffer, at: number, end: number): boolean {
  if (name.length !== STORAGE_FOLDER.length + end - at || !name.startsWith(STORAGE_FOLDER)) return false;
  for (let i = at; i < end; i++) if (name.charCodeAt(STORAGE_FOLDER.length + i - at) !== bytes[i]) return false;
  return true;
}
