/** A checkpoint to draw rows from. */
export interface SampledFile {
  /** Checkpoint, relative to the run folder. */
  path: string;
  /** Input that it was made from. */
  input: string;
  rows: number;
  bytes: number;
}

/** A file and the rows of it that are in the sample, in ascending order. */
export interface FileSample {
  file: SampledFile;
  rows: number[];
}

export interface SampleLimits {
  rows: number;
  /** Checkpoints that are opened. */
  files: number;
  /** Bytes of the checkpoints that are opened, the first one aside. */
  bytes: number;
}

/**
 * A sample that names and row counts alone decide: the same checkpoints give the same sample, on every machine. Files come
 * in an order that their names decide as if by chance, until a limit is met; each gives rows in proportion to those that it
 * has, at least one where there are as many rows as files.
 */
export function chooseSample(files: readonly SampledFile[], limits: SampleLimits): FileSample[] {
  const chosen = chooseFiles(files, limits);
  const total = chosen.reduce((sum, { rows }) => sum + rows, 0);
  const wanted = Math.min(limits.rows, total);
  let before = 0;
  let given = 0;
  return chosen.map((file) => {
    before += file.rows;
    // Rounded on the running total, so that the shares add up to what is wanted.
    const share = Math.max(chosen.length <= wanted ? 1 : 0, Math.round((wanted * before) / total) - given);
    const count = Math.min(share, file.rows, wanted - given);
    given += count;
    return { file, rows: chooseRows(file, count) };
  });
}

function chooseFiles(files: readonly SampledFile[], limits: SampleLimits): SampledFile[] {
  const shuffled = files.filter(({ rows }) => rows > 0).map((file) => ({ file, rank: hash(file.path) }));
  shuffled.sort((a, b) => a.rank - b.rank || (a.file.path < b.file.path ? -1 : 1));
  const chosen: SampledFile[] = [];
  let bytes = 0;
  for (const { file } of shuffled) {
    bytes += file.bytes;
    if (chosen.length >= limits.files || (chosen.length > 0 && bytes > limits.bytes)) break;
    chosen.push(file);
  }
  return chosen;
}

/**
 * Each set of `count` rows is as likely as any other (Knuth's algorithm S): evenly spaced rows would all have the same place
 * in windows that come six frames at a time.
 */
function chooseRows({ path, rows }: SampledFile, count: number): number[] {
  const random = randomFrom(hash(path));
  const chosen: number[] = [];
  for (let row = 0; row < rows && chosen.length < count; row++) {
    if ((rows - row) * random() < count - chosen.length) chosen.push(row);
  }
  return chosen;
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return value;
}

/** Numbers from 0 up to but not including 1 (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
