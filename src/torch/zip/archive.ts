/** Records of storages lie here, named by their keys. */
export const STORAGE_FOLDER = 'data/';

/** One record (ZIP entry) of a `.pt` file; all offsets are from the start of the file, all lengths in bytes. */
export interface ArchiveRecord {
  /** Place in the file, from 0. */
  readonly index: number;
  /** Name inside the archive, without its prefix: `data.pkl`, `data/0`. */
  readonly name: string;
  /** Where the local header starts. */
  readonly headerOffset: number;
  /** Where the content starts: derived from the next header, and compared with the local header by `readArchive`. */
  readonly dataOffset: number;
  readonly size: number;
  /** CRC-32 from the central directory. */
  readonly crc: number;
  /** False where the writer left out the CRC (0 over content): integrity of this record cannot be verified. */
  readonly crcPresent: boolean;
}

/** The container of a `.pt` file. */
export interface Archive {
  /** Folder in which every record lies, without the slash: the file's stem, or `archive`. */
  readonly prefix: string;
  /** In file order. */
  readonly records: readonly ArchiveRecord[];
  readonly byName: ReadonlyMap<string, ArchiveRecord>;
  /** Without making {@link byName} for the few records that are no storages. */
  find(name: string): ArchiveRecord | undefined;
  /** Start of the central directory. */
  readonly directoryOffset: number;
  /** Size of the file. */
  readonly size: number;
}
