import * as path from 'node:path';
import { openCheckpointSync } from '../../checkpoint/index.ts';
import type { ReadReport } from '../../run/report-schema.ts';
import type { ScatterFacts } from '../page/page-data.ts';
import { principalAxes } from './principal-axes.ts';
import { chooseSample, randomFrom, type FileSample, type SampledFile } from './sample.ts';

/** Rows of one embedder that are looked at. */
export const MAX_SAMPLED_ROWS = 2000;
/** Values that are held at a time: 2,000 rows of 4,000. */
const MAX_VALUES = 8_000_000;
/** Checkpoints of one embedder that are opened: each is checked first, as always. */
const MAX_FILES = 500;
const MAX_BYTES = 512 << 20;
/** Of the order in which points are told. */
const SEED = 1;

export interface ScatterPoint {
  x: number;
  y: number;
  id: string;
  /** Position in {@link SampledScatter.inputs}. */
  input: number;
}

/** A sample of the rows of one embedder on its two main axes. */
export interface SampledScatter extends ScatterFacts {
  embedder: string;
  /** As if shuffled: each beginning is a sample, too. */
  points: ScatterPoint[];
  inputs: string[];
}

/** What was read of one embedder's checkpoints. */
interface SampledRows {
  values: Float32Array;
  dim: number;
  count: number;
  points: Pick<ScatterPoint, 'id' | 'input'>[];
  inputs: string[];
  files: number;
  notes: string[];
}

/**
 * A scatter for each embedder of a report that has made checkpoints, in the calling thread. Checkpoints that cannot be read
 * are left out, and so is what would come after `deadline` (in ms since 1970).
 *
 * @returns notes: what was left out, for people
 */
export function makeScatters(
  directory: string,
  report: ReadReport,
  deadline: number,
): { scatters: SampledScatter[]; notes: string[] } {
  const embedders = new Set(report.checkpoints.map(({ embedder }) => embedder));
  const notes: string[] = [];
  const scatters = [...embedders].flatMap((embedder) => {
    const files = filesOf(report, embedder);
    if (files.length === 0) return [];
    const sampled = readSample(directory, files, deadline);
    notes.push(...sampled.notes.map((note) => `embeddings of ${embedder}: ${note}`));
    return [scatterOf(embedder, files, sampled)];
  });
  return { scatters, notes };
}

function filesOf(report: ReadReport, embedder: string): SampledFile[] {
  return report.checkpoints.flatMap((one) => {
    const isThere = one.embedder === embedder && (one.result === 'embedded' || one.result === 'found');
    return isThere ? [{ path: one.path, input: one.input, rows: one.rows ?? 0, bytes: one.bytes ?? 0 }] : [];
  });
}

function scatterOf(embedder: string, files: readonly SampledFile[], sampled: SampledRows): SampledScatter {
  const { values, dim, count, points, inputs } = sampled;
  const about = {
    ...{ embedder, dim, inputs, sampledRows: count, sampledFiles: sampled.files },
    ...{ rows: files.reduce((sum, { rows }) => sum + rows, 0), files: files.length },
  };
  const projection = principalAxes(values, count, dim);
  if (projection === undefined) {
    const missing = count < 2 ? 'there are fewer than two rows to compare' : 'all sampled rows are the same';
    return { ...about, explained: [0, 0], points: [], missing };
  }
  const { x, y, explained } = projection;
  const placed = points.map((point, at) => ({ ...point, x: x[at] ?? 0, y: y[at] ?? 0 }));
  return { ...about, explained, points: shuffled(placed) };
}

function shuffled<T>(items: readonly T[]): T[] {
  const random = randomFrom(SEED);
  const ranked = items.map((item) => ({ item, rank: random() }));
  return ranked.toSorted((a, b) => a.rank - b.rank).map(({ item }) => item);
}

function readSample(directory: string, files: readonly SampledFile[], deadline: number): SampledRows {
  const samples = chooseSample(files, { rows: MAX_SAMPLED_ROWS, files: MAX_FILES, bytes: MAX_BYTES });
  const sampled: SampledRows = {
    ...{ values: new Float32Array(0), dim: 0, count: 0, points: [], inputs: [], files: 0, notes: [] },
  };
  let unread = 0;
  for (const [at, sample] of samples.entries()) {
    if (Date.now() > deadline) {
      sampled.notes.push(`reading took too long, ${at} of ${samples.length} chosen checkpoints were read`);
      break;
    }
    try {
      readFile(directory, sample, sampled);
    } catch {
      unread++;
    }
  }
  if (unread > 0) sampled.notes.push(`${unread} chosen checkpoints could not be read as reported and were left out`);
  return sampled;
}

/** Adds the rows of one checkpoint, all or none of them. */
function readFile(directory: string, { file, rows }: FileSample, sampled: SampledRows): void {
  const checkpoint = openCheckpointSync(path.join(directory, file.path));
  try {
    const { dim, ids } = checkpoint;
    if (sampled.count === 0) {
      sampled.dim = dim;
      sampled.values = new Float32Array(Math.min(MAX_SAMPLED_ROWS, Math.floor(MAX_VALUES / dim)) * dim);
    }
    if (dim !== sampled.dim) throw new RangeError(`${file.path}: ${dim} values per row, others have ${sampled.dim}`);
    const room = sampled.values.length / dim - sampled.count;
    const input = sampled.inputs.length;
    const taken = rows.slice(0, room);
    const read = taken.map((row) => ({ values: checkpoint.row(row), point: { id: ids[row] ?? '', input } }));
    for (const { values, point } of read) {
      sampled.values.set(values, sampled.count++ * dim);
      sampled.points.push(point);
    }
    if (taken.length === 0) return;
    sampled.inputs.push(file.input);
    sampled.files++;
  } finally {
    checkpoint.close();
  }
}
