import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { FileSystem, OpenFile } from '../platform/file-system.ts';
import { writeAll } from '../platform/file-system.ts';
import { isOvertaken } from './claim-epoch.ts';
import { newSkipLogName } from './names.ts';
import { segmentReference } from './segment-writer.ts';
import { encodeSkip, encodeSkipHead } from './skip-layout.ts';
import { syncSpoolNames } from './sync-names.ts';
import type { RecoveredSkips } from './read-skips.ts';
import type { SegmentReference, SkippedRecord, SpoolShape } from './types.ts';

interface Place {
  fileSystem: FileSystem;
  folder: string;
  shape: SpoolShape;
  epoch: number;
}

/** The records that one attempt at a task does without: those that earlier attempts skipped and its own. */
export class SkipLog {
  readonly #place: Place;
  readonly #records = new Map<number, SkippedRecord>();
  /** Logs that are on disk, of earlier attempts and of this one. */
  readonly #logs: RecoveredSkips[];
  #writer: SkipWriter | undefined;

  constructor(place: Place, recovered: readonly RecoveredSkips[]) {
    this.#place = place;
    this.#logs = [...recovered];
    for (const { records } of recovered) for (const record of records) this.#remember(record);
  }

  get count(): number {
    return this.#records.size;
  }

  has(ordinal: number): boolean {
    return this.#records.has(ordinal);
  }

  ordinals(): number[] {
    return [...this.#records.keys()].toSorted((a, b) => a - b);
  }

  /**
   * Adds records; they count, and are durable, when the promise resolves.
   *
   * @param beforeSync the last chance to find out that another attempt has taken over
   * @throws what `beforeSync` throws; errno errors, after which these records do not count
   */
  async add(records: readonly SkippedRecord[], beforeSync: () => Promise<void>): Promise<void> {
    const writer = (this.#writer ??= await SkipWriter.create(this.#place));
    try {
      await writer.commit(records, beforeSync);
    } catch (error) {
      await writer.takeBack().catch(() => undefined);
      await this.close();
      throw error;
    }
    for (const record of records) this.#remember(record);
  }

  /**
   * Ends the writing.
   *
   * @param hasRow of those that have a row nevertheless, the row counts
   * @returns the one log that holds all records without a row; undefined if there are none
   * @throws errno errors
   */
  async finish(hasRow: (ordinal: number) => boolean): Promise<SegmentReference | undefined> {
    await this.close();
    for (const ordinal of this.ordinals()) if (hasRow(ordinal)) this.#records.delete(ordinal);
    const records = this.ordinals().map((ordinal) => this.#records.get(ordinal) as SkippedRecord);
    if (records.length === 0) return undefined;
    const whole = this.#logs.find((log) => holdsExactly(log, this.#records));
    if (whole !== undefined) return whole.reference;
    const writer = await SkipWriter.create(this.#place);
    try {
      await writer.commit(records, () => Promise.resolve());
    } catch (error) {
      await writer.takeBack().catch(() => undefined);
      throw error;
    } finally {
      await writer.close();
    }
    return writer.log?.reference;
  }

  /** Lets go of the file; what is durable stays. Safe to call more than once. */
  async close(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    await writer?.close();
    if (writer?.log !== undefined) this.#logs.push(writer.log);
  }

  #remember(record: SkippedRecord): void {
    if (!this.#records.has(record.ordinal)) this.#records.set(record.ordinal, record);
  }
}

function holdsExactly({ records }: RecoveredSkips, wanted: ReadonlyMap<number, SkippedRecord>): boolean {
  const ordinals = new Set(records.map(({ ordinal }) => ordinal));
  return ordinals.size === wanted.size && [...ordinals].every((ordinal) => wanted.has(ordinal));
}

/** The one writer of one skip log. */
class SkipWriter {
  /** What is durable. */
  log: RecoveredSkips | undefined;
  readonly #name: string;
  readonly #file: OpenFile;
  readonly #place: Place;
  readonly #records: SkippedRecord[] = [];
  #bytes = 0;
  #crc = 0;

  private constructor(name: string, file: OpenFile, place: Place) {
    this.#name = name;
    this.#file = file;
    this.#place = place;
  }

  static async create(place: Place): Promise<SkipWriter> {
    const name = newSkipLogName(place.epoch);
    return new SkipWriter(name, await place.fileSystem.open(join(place.folder, name), 'create-exclusive'), place);
  }

  async commit(records: readonly SkippedRecord[], beforeSync: () => Promise<void>): Promise<void> {
    const { fileSystem, folder, shape, epoch } = this.#place;
    const head = this.#bytes === 0 ? [encodeSkipHead(shape, epoch)] : [];
    const lines = Buffer.concat([...head, ...records.map(encodeSkip)]);
    await writeAll(this.#file, lines, this.#bytes);
    this.#bytes += lines.length;
    this.#crc = crc32(lines, this.#crc);
    await beforeSync();
    await this.#file.sync();
    if (this.log === undefined) {
      await syncSpoolNames(fileSystem, folder);
    }
    this.#records.push(...records);
    this.log = { reference: segmentReference(this.#name, this.#bytes, this.#crc), records: this.#records };
  }

  /**
   * After a failed sync another attempt would read from memory what no disk may hold, and take it for durable; unless it has
   * done so already: then it is no longer this one's to remove.
   */
  async takeBack(): Promise<void> {
    const { fileSystem, folder, epoch } = this.#place;
    if (!(await isOvertaken(fileSystem, folder, epoch))) await this.#file.truncate(this.log?.reference.bytes ?? 0);
  }

  /** What counts is durable already, so an error of close(2) says nothing about it. */
  async close(): Promise<void> {
    await this.#file.close().catch(() => undefined);
  }
}
