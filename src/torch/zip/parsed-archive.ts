import { TorchFileError } from '../errors.ts';
import { STORAGE_FOLDER } from './archive.ts';
import type { Archive, ArchiveRecord } from './archive.ts';

/** An archive whose map of names is made when it is first needed: the usual file is read in its order. */
export class ParsedArchive implements Archive {
  readonly prefix: string;
  readonly records: readonly ArchiveRecord[];
  readonly directoryOffset: number;
  readonly size: number;
  #byName: ReadonlyMap<string, ArchiveRecord> | undefined;

  constructor(prefix: string, records: readonly ArchiveRecord[], directoryOffset: number, size: number) {
    this.prefix = prefix;
    this.records = records;
    this.directoryOffset = directoryOffset;
    this.size = size;
    if (!areStoragesAscending(records)) this.#byName = indexByName(records);
  }

  get byName(): ReadonlyMap<string, ArchiveRecord> {
    this.#byName ??= indexByName(this.records);
    return this.#byName;
  }

  find(name: string): ArchiveRecord | undefined {
    if (name.startsWith(STORAGE_FOLDER)) return this.byName.get(name);
    return this.records.find((record) => record.name === name);
  }
}

/**
 * Whether no name can occur twice, because there are few but those of storages, which ascend by length and digits, as
 * torch numbers them.
 */
function areStoragesAscending(records: readonly ArchiveRecord[]): boolean {
  const others = new Set<string>();
  let count = 0;
  let previous = '';
  for (const { name } of records) {
    if (!name.startsWith(STORAGE_FOLDER)) {
      others.add(name);
      count++;
    } else {
      if (name.length < previous.length || (name.length === previous.length && name <= previous)) return false;
      previous = name;
    }
  }
  return others.size === count;
}

/** Names that differ in case alone are refused by `assertKnownRecords`: no known name has a capital letter. */
function indexByName(records: readonly ArchiveRecord[]): Map<string, ArchiveRecord> {
  const byName = new Map<string, ArchiveRecord>();
  for (const record of records) {
    const { name, headerOffset } = record;
    byName.set(name, record);
    if (record === records[byName.size - 1]) continue;
    throw new TorchFileError('DUPLICATE_RECORD', `record ${name} at offset ${headerOffset} exists twice`, {
      record: name,
      offset: headerOffset,
    });
  }
  return byName;
}
