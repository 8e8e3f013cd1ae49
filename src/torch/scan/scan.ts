import { SCAN_MODULE } from './scan-module.ts';

/** What `scan.wat` exports: offsets are into its memory. */
interface Kernels {
  readonly memory: ArrayBuffer;
  hasNonFinite(at: number, end: number): number;
  floatRunEnd(at: number, end: number): number;
  nonFiniteFloat(at: number, end: number): number;
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
  const pages = (LEASES * SCAN_BYTES) / PAGE;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const module = new WebAssembly.Module(Buffer.from(SCAN_MODULE, 'base64'));
  const { exports } = new WebAssembly.Instance(module, { scan: { memory } });
  return { ...(exports as Omit<Kernels, 'memory'>), memory: memory.buffer };
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
