import { GlobalValue } from './pickle/globals.ts';
import type { PersistentLoad } from './pickle/machine.ts';
import type { PyTuple, PyValue, TorchStorage } from './pickle/values.ts';
import { TorchFileError } from './errors.ts';
import type { Archive } from './zip/archive.ts';

/** The storages that a pickle refers to, each checked against its record when it is first met. */
export class StorageTable {
  readonly byKey = new Map<string, TorchStorage>();
  readonly #archive: Archive;

  constructor(archive: Archive) {
    this.#archive = archive;
  }

  /** @throws TorchFileError `MISSING_RECORD`, `STORAGE_SIZE`, `BROKEN_PICKLE` */
  readonly load: PersistentLoad = (id, fail) => {
    const declared = readId(id, fail);
    const known = this.byKey.get(declared.key);
    if (known === undefined) return this.#add(declared);
    if (known.dtype !== declared.dtype || known.byteLength !== declared.byteLength) {
      throw fail(`storage ${declared.key} is declared twice, with different types or sizes`);
    }
    return known;
  };

  #add(declared: DeclaredStorage): TorchStorage {
    const name = `data/${declared.key}`;
    const record = this.#archive.byName.get(name);
    if (record === undefined) {
      throw new TorchFileError('MISSING_RECORD', `record ${name} is missing, a tensor in data.pkl needs it`, {
        record: name,
      });
    }
    if (record.size !== declared.byteLength) {
      throw new TorchFileError(
        'STORAGE_SIZE',
        `record ${name} at offset ${record.dataOffset} has ${record.size} bytes, ` +
          `expected ${declared.byteLength} for ${declared.numel} elements of ${declared.dtype ?? 'bytes'}`,
        { record: name, offset: record.dataOffset },
      );
    }
    const { key, dtype, numel, byteLength, location } = declared;
    const storage: TorchStorage = {
      type: 'storage',
      key,
      dtype,
      numel,
      byteLength,
      location,
      dataOffset: record.dataOffset,
    };
    this.byKey.set(key, storage);
    return storage;
  }
}

interface DeclaredStorage {
  readonly key: string;
  readonly dtype: TorchStorage['dtype'];
  readonly numel: number;
  readonly byteLength: number;
  readonly location: string;
}

/** `('storage', type, key, location, numel)`. */
function readId(id: PyTuple, fail: Parameters<PersistentLoad>[1]): DeclaredStorage {
  const [kind, type, key, location, numel]: readonly (PyValue | undefined)[] = id.items;
  const isStorage = kind === 'storage' && type instanceof GlobalValue && type.storage !== undefined;
  if (id.items.length !== 5 || !isStorage || typeof key !== 'string' || typeof location !== 'string') {
    throw fail("persistent id is not ('storage', type, key, location, numel)");
  }
  if (typeof numel !== 'number') throw fail(`storage ${key}: the number of elements is a ${typeof numel}`);
  if (numel < 0) throw fail(`storage ${key} has ${numel} elements`);
  const { dtype, elementSize } = type.storage;
  const byteLength = numel * elementSize;
  const counted = dtype === undefined ? byteLength : numel;
  return { key, dtype, numel: counted, byteLength, location };
}
