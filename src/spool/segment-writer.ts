import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { FileSystem, OpenFile } from '../platform/file-system.ts';
import { writeAll } from '../platform/file-system.ts';
import { isOvertaken } from './claim-epoch.ts';
import { encodeFrame, encodeHeader } from './layout.ts';
import { newSegmentName } from './names.ts';
import { syncSpoolNames } from './sync-names.ts';
import type { SegmentReference, SpoolShape } from './types.ts';

/** Bytes of a segment that count, and their CRC-32. */
interface Extent {
  bytes: number;
  crc: number;
}

/**
 * The one writer of one segment. After a rejection it must not be used again, but what was committed before counts:
 * {@link reference} names that prefix.
 */
export class SegmentWriter {
  readonly name: string;
  readonly #file: OpenFile;
  readonly #fileSystem: FileSystem;
  readonly #folder: string;
  readonly #shape: SpoolShape;
  readonly #epoch: number;
  #written: Extent = { bytes: 0, crc: 0 };
  /** Goes out with the first frame. */
  #header: Buffer | undefined;
  #committed: Extent = { bytes: 0, crc: 0 };
  #nameIsDurable = false;
  #isClosed = false;
  /** fsync or close failed: the kernel may show bytes that never reach the disk, and call them clean from now on. */
  #isDoubtful = false;

  private constructor(
    file: OpenFile,
    place: { name: string; folder: string; fileSystem: FileSystem; shape: SpoolShape; epoch: number },
  ) {
    this.#file = file;
    this.#header = encodeHeader(place.shape, place.epoch);
    this.name = place.name;
    this.#folder = place.folder;
    this.#fileSystem = place.fileSystem;
    this.#shape = place.shape;
    this.#epoch = place.epoch;
  }

  /** Creates a segment; nothing is durable yet. */
  static async create(
    fileSystem: FileSystem,
    folder: string,
    shape: SpoolShape,
    epoch: number,
  ): Promise<SegmentWriter> {
    const name = newSegmentName(epoch);
    const file = await fileSystem.open(join(folder, name), 'create-exclusive');
    return new SegmentWriter(file, { name, folder, fileSystem, shape, epoch });
  }

  /** @returns bytes that were written, the header with the first frame */
  async write(ordinals: ArrayLike<number>, vectors: Float32Array): Promise<number> {
    const frame = encodeFrame(this.#epoch, ordinals, vectors, this.#shape.dim);
    const bytes = this.#header === undefined ? frame : Buffer.concat([this.#header, frame]);
    await writeAll(this.#file, bytes, this.#written.bytes);
    this.#header = undefined;
    this.#written = { bytes: this.#written.bytes + bytes.length, crc: crc32(bytes, this.#written.crc) };
    return bytes.length;
  }

  /** Makes everything written so far durable, the file's name included. */
  async commit(): Promise<void> {
    await this.#doubtIfRejected(this.#file.sync());
    if (!this.#nameIsDurable) {
      await syncSpoolNames(this.#fileSystem, this.#folder);
      this.#nameIsDurable = true;
    }
    this.#committed = this.#written;
  }

  /** Closes the file; what was written without a commit counts if that succeeds. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#doubtIfRejected(this.#file.close());
    this.#committed = this.#written;
  }

  /** Closes a segment that has failed, and takes away what another attempt would read from it but no disk may hold. */
  async abandon(): Promise<void> {
    // The descriptor is gone even where close(2) reports an error.
    if (!this.#isClosed) await this.#file.close().catch(() => undefined);
    this.#isClosed = true;
    if (this.#isDoubtful) await this.#discardDoubtful().catch(() => undefined);
  }

  async #doubtIfRejected(step: Promise<void>): Promise<void> {
    try {
      await step;
    } catch (error) {
      this.#isDoubtful = true;
      throw error;
    }
  }

  async #discardDoubtful(): Promise<void> {
    // A later attempt has taken up what it found sound: it is no longer this one's to remove.
    if (await isOvertaken(this.#fileSystem, this.#folder, this.#epoch)) return;
    const path = join(this.#folder, this.name);
    if (this.#committed.bytes === 0) return this.#fileSystem.unlink(path);
    const file = await this.#fileSystem.open(path, 'read-write');
    try {
      await file.truncate(this.#committed.bytes);
    } finally {
      await file.close();
    }
  }

  /** The part that counts; undefined if nothing does. */
  get reference(): SegmentReference | undefined {
    return this.#committed.bytes === 0
      ? undefined
      : segmentReference(this.name, this.#committed.bytes, this.#committed.crc);
  }
}

export function segmentReference(name: string, bytes: number, crc: number): SegmentReference {
  return { name, bytes, crc32: crc.toString(16).padStart(8, '0') };
}
