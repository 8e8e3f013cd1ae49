import { endianness } from 'node:os';

/*
 * One frame of the protocol between a worker and its embedder process. Numbers are unsigned 32-bit little-endian.
 *
 *     0  4  magic "VNF1"
 *     4  4  bytes of the header
 *     8  4  bytes of the payload
 *    12     header: a JSON object in UTF-8
 *     …     payload: letters of sequences one way, float32 little-endian the other
 */

const PREFIX_BYTES = 12;
const MAGIC = Buffer.from('VNF1', 'latin1');
/** A header names at most some thousand sequences; more means that the stream is not ours. */
export const MAX_HEADER_BYTES = 64 * 1024 * 1024;
/** Keeps a frame in one buffer; the longest single record (2^28 letters) fits. */
export const MAX_PAYLOAD_BYTES = 2 ** 30;

export interface Frame {
  header: Record<string, unknown>;
  payload: Buffer;
}

/** @throws RangeError if header or payload are over their limits */
export function encodeFrame(header: object, payload: Uint8Array = new Uint8Array()): Buffer[] {
  const json = Buffer.from(JSON.stringify(header));
  if (json.length > MAX_HEADER_BYTES || payload.byteLength > MAX_PAYLOAD_BYTES) {
    throw new RangeError(`a frame of ${json.length} + ${payload.byteLength} bytes is too large`);
  }
  const prefix = Buffer.alloc(PREFIX_BYTES);
  MAGIC.copy(prefix);
  prefix.writeUInt32LE(json.length, 4);
  prefix.writeUInt32LE(payload.byteLength, 8);
  const head = Buffer.concat([prefix, json]);
  return payload.byteLength === 0
    ? [head]
    : [head, Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)];
}

/** Cuts a byte stream into frames. */
export class FrameDecoder {
  #pieces: Buffer[] = [];
  #available = 0;
  #lengths: { header: number; payload: number } | undefined;

  /**
   * Takes the next bytes of the stream.
   *
   * @returns the frames that they complete; a payload is aligned for a Float32Array
   * @throws Error if the stream is not one of frames; it cannot be read on then
   */
  *push(bytes: Buffer): Generator<Frame, void, undefined> {
    this.#pieces.push(bytes);
    this.#available += bytes.length;
    for (;;) {
      if (this.#lengths === undefined && this.#available >= PREFIX_BYTES) {
        this.#lengths = decodePrefix(this.#take(PREFIX_BYTES));
      }
      if (this.#lengths === undefined || this.#available < this.#lengths.header + this.#lengths.payload) return;
      const { header, payload } = this.#lengths;
      this.#lengths = undefined;
      yield { header: decodeHeader(this.#take(header)), payload: this.#take(payload) };
    }
  }

  /** Removes the first `length` bytes and returns a copy of them in a buffer of their own. */
  #take(length: number): Buffer {
    const taken = Buffer.allocUnsafeSlow(length);
    for (let done = 0; done < length;) {
      const piece = this.#pieces[0] as Buffer;
      const copied = piece.copy(taken, done);
      done += copied;
      if (copied === piece.length) this.#pieces.shift();
      else this.#pieces[0] = piece.subarray(copied);
    }
    this.#available -= length;
    return taken;
  }
}

function decodePrefix(prefix: Buffer): { header: number; payload: number } {
  const header = prefix.readUInt32LE(4);
  const payload = prefix.readUInt32LE(8);
  if (!prefix.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new Error(`expected a frame, found bytes ${prefix.toString('hex')}`);
  }
  if (header > MAX_HEADER_BYTES || payload > MAX_PAYLOAD_BYTES) {
    throw new Error(`a frame of ${header} + ${payload} bytes is too large`);
  }
  return { header, payload };
}

function decodeHeader(bytes: Buffer): Record<string, unknown> {
  const header: unknown = JSON.parse(bytes.toString('utf8'));
  if (typeof header === 'object' && header !== null) return header as Record<string, unknown>;
  throw new Error('expected a JSON object as the header of a frame');
}

/** A payload as float32 values, without a copy where the machine is little-endian. */
export function floatsFromPayload(payload: Buffer): Float32Array {
  if (endianness() === 'BE') payload.swap32();
  return new Float32Array(payload.buffer, payload.byteOffset, Math.floor(payload.byteLength / 4));
}

/** Float32 values as a payload; the inverse of {@link floatsFromPayload}. */
export function payloadFromFloats(values: Float32Array): Buffer {
  const payload = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return endianness() === 'BE' ? Buffer.from(payload).swap32() : payload;
}
