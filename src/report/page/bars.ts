import type { Attempt, Timeline } from '../timeline/read.ts';
import type { Bar, BarKind, Lane, TimelineView, TroubledAttempt } from './page-data.ts';
import type { PageLimits } from './limits.ts';
import { shown, type Strings } from './text.ts';

/** Attempts that end like this need no explanation. */
const GOOD: ReadonlySet<BarKind> = new Set(['embedded', 'found', 'completed']);

interface LaneOf {
  lane: Lane;
  attempts: Attempt[];
}

/** What the builders of a page share. */
export interface PageContext {
  limits: PageLimits;
  strings: Strings;
  /** Names of embedders in their order. */
  embedders: readonly string[];
  notes: string[];
}

/** Attempts as bars in lanes of host, process, embedder and slot; undefined where nothing was written down. */
export function timelineView(timeline: Timeline, startedAt: number, context: PageContext): TimelineView | undefined {
  if (timeline.attempts.length === 0) return undefined;
  const { limits, notes } = context;
  const all = lanesOf(timeline, context);
  const lanes = busiest(all, limits.lanes);
  if (lanes.length < all.length) notes.push(`timeline: the ${lanes.length} busiest of ${all.length} slots are drawn`);
  const from = Math.min(startedAt, timeline.attempts[0]?.begin ?? startedAt);
  const until = timeline.attempts.reduce((last, { end }) => Math.max(last, end), from) - from;
  const bars = drawn(lanes, from, until, context);
  const attempts = lanes.reduce((sum, one) => sum + one.attempts.length, 0);
  if (bars.length < attempts) {
    notes.push(
      `timeline: ${attempts.toLocaleString('en-US')} attempts are drawn as ${bars.length.toLocaleString('en-US')} bars, neighbours with the same result as one`,
    );
  }
  const troubled = troubledOf(timeline.attempts);
  const listed = troubled.slice(0, limits.troubled).map((one) => troubledRow(one, timeline, from, context));
  return {
    startedAt: from,
    until,
    lanes: lanes.map(({ lane }) => lane),
    bars,
    attempts,
    troubled: listed,
    troubledTotal: troubled.length,
  };
}

function lanesOf({ processes, attempts }: Timeline, { embedders, limits }: PageContext): LaneOf[] {
  const lanes = new Map<string, LaneOf>();
  for (const attempt of attempts) {
    const { process, embedder, slot } = attempt;
    const key = `${process} ${slot} ${embedder}`;
    let one = lanes.get(key);
    if (one === undefined) {
      const { host = '', pid = 0 } = processes[process] ?? {};
      const lane = { host: shown(host, limits.name), pid, embedder: embedders.indexOf(embedder), slot };
      one = { lane: { ...lane, attempts: 0, rows: 0, busySeconds: 0 }, attempts: [] };
      lanes.set(key, one);
    }
    one.attempts.push(attempt);
    one.lane.attempts++;
    one.lane.rows += attempt.rows;
    one.lane.busySeconds += (attempt.end - attempt.begin) / 1000;
  }
  return [...lanes.values()].toSorted((a, b) => byPlace(a.lane, b.lane));
}

function byPlace(a: Lane, b: Lane): number {
  return a.host.localeCompare(b.host) || a.pid - b.pid || a.embedder - b.embedder || a.slot - b.slot;
}

function busiest(lanes: readonly LaneOf[], limit: number): LaneOf[] {
  if (lanes.length <= limit) return [...lanes];
  const kept = new Set(lanes.toSorted((a, b) => b.lane.busySeconds - a.lane.busySeconds).slice(0, limit));
  return lanes.filter((lane) => kept.has(lane));
}

function drawn(lanes: readonly LaneOf[], from: number, until: number, context: PageContext): Bar[] {
  const total = lanes.reduce((sum, { attempts }) => sum + attempts.length, 0);
  if (total <= context.limits.bars)
    return lanes.flatMap(({ attempts }, lane) => attempts.map((one) => barOf([one], lane, from, context)));
  // Most spans of a lane give one bar; where they give more, they have to be longer.
  for (let buckets = Math.ceil((2 * context.limits.bars) / lanes.length); ; buckets >>= 1) {
    const groups = lanes.flatMap(({ attempts }, lane) =>
      merged(attempts, from, until / buckets).map((group) => ({ group, lane })),
    );
    if (groups.length > context.limits.bars && buckets > 1) continue;
    return groups.slice(0, context.limits.bars).map(({ group, lane }) => barOf(group, lane, from, context));
  }
}

/** Attempts of one lane that begin in the same span and end alike. */
function merged(attempts: readonly Attempt[], from: number, span: number): Attempt[][] {
  const groups = new Map<string, Attempt[]>();
  for (const attempt of attempts) {
    const key = `${Math.floor((attempt.begin - from) / span)} ${attempt.result}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [attempt]);
    else group.push(attempt);
  }
  return [...groups.values()];
}

function barOf(group: readonly Attempt[], lane: number, startedAt: number, { strings, limits }: PageContext): Bar {
  const first = group[0]!;
  const end = group.reduce((last, one) => Math.max(last, one.end), first.end);
  const rows = group.reduce((sum, one) => sum + one.rows, 0);
  const waited = group.length === 1 ? Math.round(Math.min(first.waited * 1000, end - first.begin)) : 0;
  const reason = group.find((one) => one.reason !== undefined)?.reason;
  return [
    ...([
      lane,
      Math.round(first.begin - startedAt),
      Math.round(end - startedAt),
      first.result,
      group.length,
      rows,
    ] as const),
    ...([strings.add(first.task, limits.name), first.attempt, strings.add(reason, limits.reason), waited] as const),
  ];
}

/** Attempts that did not succeed, and those of the same tasks after them. */
function troubledOf(attempts: readonly Attempt[]): Attempt[] {
  const tasks = new Set<string>();
  return attempts.filter(({ task, result }) => {
    if (GOOD.has(result) && !tasks.has(task)) return false;
    tasks.add(task);
    return true;
  });
}

function troubledRow(one: Attempt, { processes }: Timeline, from: number, context: PageContext): TroubledAttempt {
  const { process, task, embedder, slot, attempt, begin, end, result, rows, reason = '' } = one;
  const { limits, strings } = context;
  const { host = '', pid = 0 } = processes[process] ?? {};
  const lane = shown(`${host} · ${pid} · ${embedder} ${slot}`, limits.name);
  const times = [Math.round(begin - from), Math.round(end - from)] as const;
  return [strings.add(task, limits.name), attempt, ...times, result, rows, lane, shown(reason, limits.reason)];
}
