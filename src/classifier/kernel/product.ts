import { setFlagsFromString } from 'node:v8';
import { FUSED_KERNEL, PLAIN_KERNEL } from './kernel-module.ts';
import { stretchesOf, TILE_ROWS, TILE_UNITS, tilesOf } from './tiles.ts';
import type { TiledWeights } from './tiles.ts';

/** What `kernel.wat` exports: offsets are into its memory. */
interface Kernel {
  multiply(
    rows: number,
    weights: number,
    end: number,
    sums: number,
    groups: number,
    rowsStep: number,
    sumsStep: number,
  ): void;
  interleave(row: number, end: number, into: number): void;
}

/** The part of the standard's JavaScript interface that is used here; Node's types leave it out. */
interface WebAssemblyInterface {
  readonly Memory: new (limits: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
  validate(bytes: Uint8Array): boolean;
}

/**
 * - `fused`: multiplications and additions in one instruction where the processor has it, rounded once.
 * - `plain`: each an instruction of its own: half as fast, the same on every machine.
 * - `script`: in TypeScript, where there is no WebAssembly.
 */
export type ProductKind = 'fused' | 'plain' | 'script';

/**
 * Rows that {@link Product.multiply} takes at most: as many as the second-level cache holds a stretch of (240 KB), since the
 * weights come from further away for each of these batches.
 */
export const MAX_ROWS = 144;

/** rows · weightsᵀ, float32. */
export interface Product {
  readonly kind: ProductKind;
  /**
   * @param rows `count` × features, `count` at most {@link MAX_ROWS}
   * @param into receives `count` × hidden
   */
  multiply(rows: Float32Array, count: number, into: Float32Array): void;
}

const FLOAT = Float32Array.BYTES_PER_ELEMENT;
/** Bytes of a WebAssembly page. */
const PAGE = 1 << 16;
/** Bytes of the sums of one tile. */
const TILE_BYTES = TILE_ROWS * TILE_UNITS * FLOAT;

/** @param kinds tried in this order */
export function createProduct(
  weights: TiledWeights,
  kinds: readonly ProductKind[] = ['fused', 'plain', 'script'],
): Product {
  const { WebAssembly } = globalThis as { WebAssembly?: WebAssemblyInterface };
  for (const kind of kinds) {
    if (kind === 'script') break;
    // Missing under `node --jitless`.
    const made = WebAssembly && kernelProduct(WebAssembly, kind, weights);
    if (made !== undefined) return made;
  }
  return scriptProduct(weights);
}

/** @returns undefined where the engine does not have the instructions, or the memory */
function kernelProduct(
  engine: WebAssemblyInterface,
  kind: 'fused' | 'plain',
  weights: TiledWeights,
): Product | undefined {
  const bytes = Buffer.from(kind === 'fused' ? FUSED_KERNEL : PLAIN_KERNEL, 'base64');
  // Node 20 has relaxed SIMD behind a flag, which V8 looks at for each module; later versions have it without.
  if (kind === 'fused' && !engine.validate(bytes)) setFlagsFromString('--experimental-wasm-relaxed-simd');
  if (!engine.validate(bytes)) return undefined;
  const places = placesOf(weights);
  const memory = allocate(engine, Math.ceil(places.end / PAGE));
  if (memory === undefined) return undefined;
  const { exports } = new engine.Instance(new engine.Module(bytes), { kernel: { memory } });
  new Float32Array(memory.buffer).set(weights.values);
  return { kind, multiply: multiplier(exports as Kernel, memory.buffer, weights, places) };
}

/**
 * V8 reserves 10 GiB of addresses around a memory of any size, which a limit on addresses (`ulimit -v`, as batch systems
 * set it) may forbid.
 */
function allocate(engine: WebAssemblyInterface, pages: number): { readonly buffer: ArrayBuffer } | undefined {
  try {
    return new engine.Memory({ initial: pages, maximum: pages });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Where in the memory, in bytes, what begins; the weights come first. */
interface Places {
  readonly row: number;
  readonly rows: number;
  readonly sums: number;
  readonly end: number;
}

function placesOf({ values, features, hidden }: TiledWeights): Places {
  const row = values.byteLength;
  const rows = row + features * FLOAT;
  // A multiple of 16, as the loads of the kernel are fastest there.
  const sums = Math.ceil((rows + MAX_ROWS * features * FLOAT) / 16) * 16;
  return { row, rows, sums, end: sums + (MAX_ROWS / TILE_ROWS) * tilesOf(hidden) * TILE_BYTES };
}

function multiplier(
  kernel: Kernel,
  buffer: ArrayBuffer,
  { features, hidden }: TiledWeights,
  places: Places,
): Product['multiply'] {
  const stretches = stretchesOf(features);
  const tiles = tilesOf(hidden);
  const row = new Float32Array(buffer, places.row, features);
  const rowsStep = features * TILE_ROWS * FLOAT;
  const sums = new Float32Array(buffer, places.sums, (places.end - places.sums) / FLOAT);

  const load = (rows: Float32Array, count: number): void => {
    for (let index = 0; index < count; index++) {
      row.set(rows.subarray(index * features, (index + 1) * features));
      const group = Math.floor(index / TILE_ROWS);
      const into = places.rows + (group * features * TILE_ROWS + (index % TILE_ROWS)) * FLOAT;
      kernel.interleave(places.row, places.row + row.byteLength, into);
    }
  };

  return (rows, count, into) => {
    if (count === 0) return;
    load(rows, count);
    sums.fill(0);
    const groups = Math.ceil(count / TILE_ROWS);
    for (const { first, length } of stretches) {
      for (let tile = 0; tile < tiles; tile++) {
        const weights = (first * tiles + tile * length) * TILE_UNITS * FLOAT;
        const end = weights + length * TILE_UNITS * FLOAT;
        const values = places.rows + first * TILE_ROWS * FLOAT;
        kernel.multiply(values, weights, end, places.sums + tile * TILE_BYTES, groups, rowsStep, tiles * TILE_BYTES);
      }
    }
    untile(sums, count, hidden, into);
  };
}

/** @param sums for each group of rows, for each tile of units: three rows of twelve */
function untile(sums: Float32Array, count: number, hidden: number, into: Float32Array): void {
  const tiles = tilesOf(hidden);
  for (let index = 0; index < count; index++) {
    const group = Math.floor(index / TILE_ROWS);
    const row = index % TILE_ROWS;
    for (let unit = 0; unit < hidden; unit++) {
      const tile = group * tiles + Math.floor(unit / TILE_UNITS);
      into[index * hidden + unit] = sums[(tile * TILE_ROWS + row) * TILE_UNITS + (unit % TILE_UNITS)] as number;
    }
  }
}

function scriptProduct({ features, hidden, values }: TiledWeights): Product {
  const tiles = tilesOf(hidden);
  const stretches = stretchesOf(features);
  const sums = new Float64Array(tiles * TILE_UNITS);
  const addTile = (row: Float32Array, first: number, length: number, tile: number): void => {
    let weight = (first * tiles + tile * length) * TILE_UNITS;
    for (let at = first; at < first + length; at++) {
      const value = row[at] as number;
      for (let unit = tile * TILE_UNITS; unit < (tile + 1) * TILE_UNITS; unit++) {
        sums[unit] = (sums[unit] as number) + value * (values[weight++] as number);
      }
    }
  };
  return {
    kind: 'script',
    multiply(rows, count, into) {
      for (let index = 0; index < count; index++) {
        const row = rows.subarray(index * features, (index + 1) * features);
        sums.fill(0);
        for (const { first, length } of stretches) {
          for (let tile = 0; tile < tiles; tile++) addTile(row, first, length, tile);
        }
        into.set(sums.subarray(0, hidden), index * hidden);
      }
    },
  };
}
