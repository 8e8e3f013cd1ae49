/** Rows and units that `kernel.wat` multiplies at a time. */
export const TILE_ROWS = 3;
export const TILE_UNITS = 12;

/**
 * Features that are summed up at a time: their weights for one tile take 20 KB of the first-level cache. A divisor of 3328.
 */
export const DEPTH = 416;

/** A weight matrix in the order in which the kernel reads it. */
export interface TiledWeights {
  readonly features: number;
  readonly hidden: number;
  /**
   * For every stretch of {@link DEPTH} features, for every tile of units, for every feature: {@link TILE_UNITS} weights,
   * 0 beyond the last unit.
   */
  readonly values: Float32Array<SharedArrayBuffer>;
}

export function tilesOf(hidden: number): number {
  return Math.ceil(hidden / TILE_UNITS);
}

/** Stretches of features, each as long as the kernel sums up at a time. */
export function stretchesOf(features: number): { first: number; length: number }[] {
  return Array.from({ length: Math.ceil(features / DEPTH) }, (_, index) => {
    const first = index * DEPTH;
    return { first, length: Math.min(DEPTH, features - first) };
  });
}

/** @param weight [hidden, features], row-major */
export function tileWeights(weight: Float32Array, features: number, hidden: number): TiledWeights {
  const tiles = tilesOf(hidden);
  const bytes = features * tiles * TILE_UNITS * Float32Array.BYTES_PER_ELEMENT;
  const values = new Float32Array(new SharedArrayBuffer(bytes));
  for (const { first, length } of stretchesOf(features)) {
    for (let unit = 0; unit < hidden; unit++) {
      const tile = Math.floor(unit / TILE_UNITS);
      const start = (first * tiles + tile * length) * TILE_UNITS + (unit % TILE_UNITS);
      for (let at = 0; at < length; at++) {
        values[start + at * TILE_UNITS] = weight[unit * features + first + at] as number;
      }
    }
  }
  return { features, hidden, values };
}
