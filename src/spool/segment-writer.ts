import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { FileSystem, OpenFile } from '../platform/file-system.ts';
import { writeAll } from '../platform/file-system.ts';
import { encodeFrame, encodeHeader } from './layout.ts';
import { newSegmentName } from './names.ts';
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

  async write(ordinals: ArrayLike<number>, vectors: Float32Array): Promise<void> {
    const frame = encodeFrame(this.#epoch, ordinals, vectors, this.#shape.dim);
    const bytes = this.#header === undefined ? frame : Buffer.concat([this.#header, frame]);
    await writeAll(this.#file, bytes, this.#written.bytes);
    this.#header = undefined;
    this.#written = { bytes: this.#written.bytes + bytes.length, crc: crc32(bytes, this.#written.crc) };
  }

  /** Makes everything written so far durable, the file's name included. */
  async commit(): Promise<void> {
    await this.#file.sync();
    if (!this.#nameIsDurable) {
      await this.#fileSystem.syncFolder(this.#folder);
      await this.#fileSystem.syncFolder(dirname(this.#folder));
      this.#nameIsDurable = true;
    }
    this.#committed = this.#written;
  }

  /** Closes the file; what was written without a commit counts if that succeeds. */
  async close(): Promise<void> {
    await this.#file.close();
    this.#committed = this.#written;
  }

  /** Closes a segment that has failed. */
  async abandon(): Promise<void> {
    await this.#file.close().catch(() => undefined);
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
