import * as path from 'node:path';
import type { ReadReport } from '../../run/report-schema.ts';
import type { Execution } from '../timeline/executions.ts';
import type { Timeline } from '../timeline/read.ts';
import type { SampledScatter } from '../scatter/make-scatters.ts';
import { timelineView, type PageContext } from './bars.ts';
import { embedderFacts, embedderNames, environmentOf, summaryOf } from './facts.ts';
import type { PageLimits } from './limits.ts';
import { checkpointList, failureList, fileList } from './lists.ts';
import type { ExecutionRow, PageData, Scatter } from './page-data.ts';
import { shown, Strings } from './text.ts';
import { throughputOf } from './throughput.ts';

/** Everything that a page is made from. */
export interface PageSources {
  directory: string;
  madeAt: Date;
  report: ReadReport;
  /** Of the run that the report is about. */
  timeline: Timeline;
  executions: readonly Execution[];
  scatters: readonly SampledScatter[];
  notes: readonly string[];
}

/** What a page shows, within limits; what is cut is among its notes. */
export function buildPageData(sources: PageSources, limits: PageLimits): PageData {
  const { report, directory, timeline } = sources;
  const notes = [...report.notes.map((note) => shown(note, limits.reason)), ...sources.notes, ...timeline.notes];
  const context: PageContext = { limits, strings: new Strings(), embedders: embedderNames(report), notes };
  const view = timelineView(timeline, Date.parse(report.startedAt), context);
  const throughput = view && throughputOf(timeline, view, context);
  if (view === undefined && report.embedded > 0) {
    notes.push('there is no timeline: this run wrote none down, as those of earlier versions of this package');
  }
  const lists = {
    checkpoints: checkpointList(report, context),
    files: fileList(report, context),
    failures: failureList(report, context),
  };
  return {
    version: 1,
    title: shown(path.basename(directory), limits.name),
    directory: shown(directory, limits.reason),
    madeAt: sources.madeAt.toISOString(),
    summary: summaryOf(report, context),
    embedders: embedderFacts(report, timeline, context),
    ...lists,
    ...(view && { timeline: view }),
    ...(throughput && { throughput }),
    scatters: sources.scatters.map((scatter) => scatterOf(scatter, sources.scatters.length, context)),
    environment: environmentOf(report, directory, context),
    executions: executionRows(sources, limits),
    strings: context.strings.list,
    notes: [...new Set(notes)],
  };
}

/** The points of a sample that fit: the first ones, which are a sample themselves. */
function scatterOf(scatter: SampledScatter, scatters: number, context: PageContext): Scatter {
  const { embedders, limits, strings } = context;
  const { embedder, points, inputs, ...rest } = scatter;
  const drawn = points.slice(0, Math.floor(limits.points / scatters));
  if (drawn.length < points.length) {
    const counts = `${drawn.length.toLocaleString('en-US')} of ${points.length.toLocaleString('en-US')}`;
    context.notes.push(`embeddings of ${embedder}: ${counts} sampled rows are drawn`);
  }
  return {
    ...rest,
    embedder: embedders.indexOf(embedder),
    x: drawn.map(({ x }) => significant(x)),
    y: drawn.map(({ y }) => significant(y)),
    file: drawn.map(({ input }) => strings.add(inputs[input], limits.name)),
    ids: drawn.map(({ id }) => shown(id, limits.name)),
  };
}

function significant(value: number): number {
  return Number(value.toPrecision(4));
}

function executionRows({ executions, report }: PageSources, limits: PageLimits): ExecutionRow[] {
  return executions.slice(-limits.executions).map(({ workflowRunId, ...execution }) => ({
    ...execution,
    isThis: workflowRunId === report.workflowRunId,
  }));
}
