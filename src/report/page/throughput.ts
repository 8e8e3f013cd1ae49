import type { Timeline } from '../timeline/read.ts';
import type { PageContext } from './bars.ts';
import type { Throughput, TimelineView } from './page-data.ts';

/** Spans that people can read off an axis, in milliseconds. */
const SPANS = [250, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000];
const HOUR_MS = 3_600_000;

/** Durable rows per second over time; undefined where nobody counted any. */
export function throughputOf(
  { rows }: Timeline,
  { startedAt, until }: TimelineView,
  { embedders, limits }: PageContext,
): Throughput | undefined {
  const counted = rows.filter(({ t, ms }) => t + ms > startedAt && t <= startedAt + until);
  if (counted.length === 0) return undefined;
  const binMs = spanFor(until / limits.bins);
  const bins = Math.max(1, Math.ceil(until / binMs));
  const series = embedders.flatMap((name, embedder) => {
    const mine = counted.filter((record) => record.embedder === name);
    if (mine.length === 0) return [];
    const counts = Array.from({ length: bins }, () => 0);
    for (const record of mine) spread(counts, record.t - startedAt, record.ms, record.rows, binMs);
    const total = mine.reduce((sum, record) => sum + record.rows, 0);
    return [{ embedder, rowsPerSecond: counts.map((count) => rounded((count * 1000) / binMs)), rows: total }];
  });
  return { binMs, series };
}

function spanFor(atLeast: number): number {
  return SPANS.find((span) => span >= atLeast) ?? Math.ceil(atLeast / HOUR_MS) * HOUR_MS;
}

/** Rows of a span go to the bins that it covers, in proportion; what lies outside goes to the first or last one. */
function spread(counts: number[], from: number, ms: number, rows: number, binMs: number): void {
  const to = from + ms;
  const first = clamp(Math.floor(from / binMs), counts.length);
  const last = clamp(Math.ceil(to / binMs) - 1, counts.length);
  for (let bin = first; bin <= last; bin++) {
    const start = bin === first ? from : bin * binMs;
    const end = bin === last ? to : (bin + 1) * binMs;
    counts[bin] = (counts[bin] ?? 0) + (rows * (end - start)) / ms;
  }
}

function clamp(bin: number, bins: number): number {
  return Math.min(Math.max(0, bin), bins - 1);
}

function rounded(value: number): number {
  return value < 10 ? Math.round(value * 1000) / 1000 : Math.round(value);
}
