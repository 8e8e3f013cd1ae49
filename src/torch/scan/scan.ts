import { SCAN_MODULE } from './scan-module.ts';

/** What `scan.wat` exports: offsets are into its memory. */
interface Kernels {
  readonly memory: ArrayBuffer;
  hasNonFinite(at: number, end: number): number;
  floatRunEnd(at: number, end: number): number;
  nonFiniteFloat(at: number, end: number): number;
  textRunEnd(at: number, end: number, memo: number, longest: number): number;
  readonly texts: { readonly value: number };
}

/** The part of the standard's JavaScript interface that is used here; Node's types leave it out. */
interface WebAssemblyInterface {
  readonly Memory: new (limits: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
}

/** Bytes of a WebAssembly page. */
const PAGE = 1 << 16;

/** Bytes that are read or written at once: they stay in the processor's cache until all scans of them are done. */
export const SCAN_BYTES = 1 << 18;

/** Leases a thread can have at once: two of a writer, one of a reader, one to spare. */
const LEASES = 4;

function instantiate(): Kernels | undefined {
  const { WebAssembly } = globalThis as { WebAssembly?: WebAssemblyInterface };
  // Missing under `node --jitless`.
  if (WebAssembly === undefined) return undefined;
  const memory = allocate(WebAssembly);
  if (memory === undefined) return undefined;
  const module = new WebAssembly.Module(Buffer.from(SCAN_MODULE, 'base64'));
  const { exports } = new WebAssembly.Instance(module, { scan: { memory } });
  return { ...(exports as Omit<Kernels, 'memory'>), memory: memory.buffer };
}

/**
 * V8 reserves 10 GiB of addresses around a memory of any size, which a limit on addresses (`ulimit -v`, as batch systems
 * set it) may forbid: the scans in TypeScript do without.
 */
function allocate({ Memory }: WebAssemblyInterface): InstanceType<WebAssemblyInterface['Memory']> | undefined {
  const pages = (LEASES * SCAN_BYTES) / PAGE;
  try {
    return new Memory({ initial: pages, maximum: pages });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** One per thread, made when it is first needed. */
let kernels: Kernels | undefined | null = null;
const free = Array.from({ length: LEASES }, (_, place) => place);

function kernelsOf(bytes: Buffer): Kernels | undefined {
  return kernels && bytes.buffer === kernels.memory ? kernels : undefined;
}

/** Memory to read or write a file through, and the call that gives it back. */
export interface Lease {
  readonly buffer: Buffer;
  /** Once, when nothing uses the buffer any more. */
  release(): void;
}

/**
 * {@link SCAN_BYTES} of memory on which the scans are several times as fast as on any other. There are a few pieces a
 * thread; who asks when all are taken gets ordinary memory. The content is that of the last use.
 */
export function leaseScanMemory(): Lease {
  if (kernels === null) kernels = instantiate();
  const place = kernels && free.pop();
  if (!kernels || place === undefined) return { buffer: Buffer.allocUnsafe(SCAN_BYTES), release: () => undefined };
  return { buffer: Buffer.from(kernels.memory, place * SCAN_BYTES, SCAN_BYTES), release: () => free.push(place) };
}

/** BINFLOAT: the opcode 0x47 and a big-endian double. */
export const FLOAT_BYTES = 9;
const BINFLOAT = 0x47;

/** @returns where the unbroken row of complete BINFLOATs ends that starts at `at`, inside `bytes[at, end)` */
export function floatRunEnd(bytes: Buffer, at: number, end: number): number {
  const kernel = kernelsOf(bytes);
  if (kernel) return kernel.floatRunEnd(bytes.byteOffset + at, bytes.byteOffset + end) - bytes.byteOffset;
  const last = end - FLOAT_BYTES;
  let next = at;
  while (next <= last && bytes[next] === BINFLOAT) next += FLOAT_BYTES;
  return next;
}

/** @returns where the first BINFLOAT of `bytes[at, end)` starts that is NaN or infinite, or `end` */
export function nonFiniteFloat(bytes: Buffer, at: number, end: number): number {
  const kernel = kernelsOf(bytes);
  if (kernel) return kernel.nonFiniteFloat(bytes.byteOffset + at, bytes.byteOffset + end) - bytes.byteOffset;
  let next = at;
  while (next < end && !isNonFinite(bytes, next)) next += FLOAT_BYTES;
  return next;
}

/** All exponent bits set; `at` is the opcode, the double follows. */
function isNonFinite(bytes: Buffer, at: number): boolean {
  return ((bytes[at + 1] as number) & 0x7f) === 0x7f && (bytes[at + 2] as number) >= 0xf0;
}

/**
 * Whether any of the little-endian float32 in `bytes[at, end)` is NaN or infinite.
 *
 * @param at a multiple of 4 from the start of the memory, as is `end`
 */
export function hasNonFinite(bytes: Buffer, at: number, end: number): boolean {
  const kernel = kernelsOf(bytes);
  if (kernel) return kernel.hasNonFinite(bytes.byteOffset + at, bytes.byteOffset + end) !== 0;
  // An exponent of all ones carries into the sign bit when one is added to it: no branch in the loop.
  const values = new Int32Array(bytes.buffer, bytes.byteOffset + at, (end - at) / 4);
  let exponents = 0;
  for (let i = 0; i < values.length; i++) exponents |= ((values[i] as number) & 0x7f800000) + 0x00800000;
  return exponents < 0;
}

/** Texts up to this length are passed as part of a run: longer than any id. */
export const LONGEST_TEXT = 1 << 12;

/** BINUNICODE with its length, and LONG_BINPUT: what a text of a run has around it, at most. */
export const TEXT_OVERHEAD = 10;

const BINUNICODE = 0x58;
const BINPUT = 0x71;
const LONG_BINPUT = 0x72;

/**
 * Passes texts in ASCII, each a BINUNICODE and the PUT of the next memo index, as Python's pickler writes a list of them.
 *
 * @param memo memo index of the first
 * @returns where they end, inside `bytes[at, end)`, and how many there are
 */
export function passTexts(bytes: Buffer, at: number, end: number, memo: number): { end: number; count: number } {
  const kernel = kernelsOf(bytes);
  if (kernel) {
    const { byteOffset } = bytes;
    const stop = kernel.textRunEnd(byteOffset + at, byteOffset + end, memo, LONGEST_TEXT) - byteOffset;
    return { end: stop, count: kernel.texts.value };
  }
  let next = at;
  for (let count = 0; ; count++) {
    const stop = textEnd(bytes, next, end, memo + count);
    if (stop === -1) return { end: next, count };
    next = stop;
  }
}

/** @returns where the text and its PUT end, -1 if it is not one for a run */
function textEnd(bytes: Buffer, at: number, end: number, memo: number): number {
  if (at + TEXT_OVERHEAD > end || bytes[at] !== BINUNICODE) return -1;
  const length = bytes.readUInt32LE(at + 1);
  const put = at + 5 + length;
  if (length > LONGEST_TEXT || put + 5 > end) return -1;
  for (let i = at + 5; i < put; i++) if ((bytes[i] as number) > 0x7f) return -1;
  if (memo <= 0xff) return bytes[put] === BINPUT && bytes[put + 1] === memo ? put + 2 : -1;
  return bytes[put] === LONG_BINPUT && bytes.readUInt32LE(put + 1) === memo ? put + 5 : -1;
}
