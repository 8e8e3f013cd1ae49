import type { ReadPredictionReport } from '../../prediction/report-schema.ts';
import type { PredictionLimits } from './limits.ts';
import type { PageStage, StageBar, StageLane, StageSum, StageTimeline } from './page-data.ts';
import { shown } from '../page/text.ts';

export type ReadPrediction = ReadPredictionReport['predictions'][number];

/** In their order, with what their rows are. */
const UNITS: Readonly<Record<PageStage, string>> = {
  chunking: 'chunks',
  translating: 'frames',
  splitting: 'sequences',
  'nucleotide embedding': 'sequences',
  'protein embedding': 'sequences',
  merging: 'rows',
  classifying: 'rows',
  consensus: 'rows',
};

/** Something that took time in this prediction, or was found. */
interface Work {
  stage: PageStage;
  begin: number;
  seconds: number;
  rows: number;
  isNow: boolean;
  place: string;
}

/** Stages and embedding runs of an input. */
export function workOf({ stages, embeddings }: ReadPrediction): Work[] {
  const made = stages.flatMap(({ stage, outcome, startedAt, seconds, rows, host, pid }): Work[] => {
    if (stage === 'embedding') return [];
    const place = `${host} · ${pid}`;
    return [{ stage, begin: Date.parse(startedAt), seconds, rows, isNow: outcome === 'written', place }];
  });
  const embedded = embeddings.map(({ side, startedAt, seconds, computed, inThisRun, embedder }): Work => ({
    ...{ stage: `${side} embedding`, begin: Date.parse(startedAt), seconds, rows: computed },
    ...{ isNow: inThisRun && computed > 0, place: embedder },
  }));
  return [...made, ...embedded];
}

/** Each stage over all inputs; those that are nowhere are left out. */
export function stageSums(predictions: readonly ReadPrediction[]): StageSum[] {
  const sums = new Map<PageStage, StageSum>();
  for (const stage of Object.keys(UNITS) as PageStage[]) {
    sums.set(stage, { stage, unit: UNITS[stage], done: 0, found: 0, rows: 0, seconds: 0 });
  }
  for (const { stage, isNow, rows, seconds } of predictions.flatMap(workOf)) {
    const sum = sums.get(stage)!;
    if (!isNow) sum.found++;
    else {
      sum.done++;
      sum.rows += rows;
      sum.seconds += seconds;
    }
  }
  return [...sums.values()].filter(({ done, found }) => done + found > 0);
}

/**
 * What was done in this prediction, over time; undefined where that is nothing.
 *
 * @param listed inputs by their positions in `predictions`, in the order of their names on the page
 */
export function stageTimeline(
  { predictions, startedAt, finishedAt }: ReadPredictionReport,
  listed: readonly number[],
  limits: PredictionLimits,
  notes: string[],
): StageTimeline | undefined {
  const all = listed.map((at, name) => ({ name, work: workOf(predictions[at]!).filter(({ isNow }) => isNow) }));
  const working = all.filter(({ work }) => work.length > 0);
  if (working.length === 0) return undefined;
  const drawn = busiest(working, limits.lanes);
  if (drawn.length < working.length) {
    notes.push(`timeline: the ${drawn.length} inputs that took longest of ${working.length.toLocaleString('en-US')}`);
  }
  const from = Math.min(Date.parse(startedAt), ...drawn.flatMap(({ work }) => work.map(({ begin }) => begin)));
  const until = Date.parse(finishedAt) - from;
  const isWide = drawn.length <= limits.wide;
  const lanes: StageLane[] = [];
  const bars: StageBar[] = [];
  for (const { name, work } of drawn) {
    const laneOf = isWide ? wideLanes(lanes, name, work) : oneLane(lanes, name);
    bars.push(...work.map((one) => barOf(one, laneOf(one), from, limits)));
  }
  return { startedAt: from, until, lanes, bars, total: working.reduce((sum, { work }) => sum + work.length, 0) };
}

function busiest<Input extends { work: Work[] }>(inputs: readonly Input[], limit: number): Input[] {
  if (inputs.length <= limit) return [...inputs];
  const seconds = ({ work }: Input) => work.reduce((sum, one) => sum + one.seconds, 0);
  const kept = new Set(inputs.toSorted((a, b) => seconds(b) - seconds(a)).slice(0, limit));
  return inputs.filter((input) => kept.has(input));
}

/** A lane for files, which has the name of the input, and one below for each side that was embedded. */
function wideLanes(lanes: StageLane[], name: number, work: readonly Work[]): (one: Work) => number {
  const whatOf = ({ stage }: Work) =>
    stage === 'nucleotide embedding' ? 'nucleotide' : stage === 'protein embedding' ? 'protein' : 'files';
  const present = new Set(['files', ...work.map(whatOf)]);
  const places = new Map<string, number>();
  for (const what of ['files', 'nucleotide', 'protein'] as const) {
    if (present.has(what)) places.set(what, lanes.push({ name, what }) - 1);
  }
  return (one) => places.get(whatOf(one)) ?? 0;
}

function oneLane(lanes: StageLane[], name: number): () => number {
  const lane = lanes.push({ name }) - 1;
  return () => lane;
}

function barOf(
  { stage, begin, seconds, rows, place }: Work,
  lane: number,
  from: number,
  limits: PredictionLimits,
): StageBar {
  const start = Math.round(begin - from);
  return [lane, start, start + Math.round(seconds * 1000), stage, rows, shown(place, limits.name)];
}
