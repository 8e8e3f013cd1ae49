import type { EChartsCoreOption } from 'echarts/core';
import type { CustomSeriesRenderItemAPI, CustomSeriesRenderItemParams } from 'echarts';
import type { Bar, BarKind, Lane, PageData, TimelineView, TroubledAttempt } from '../page/page-data.ts';
import { axisLook, chart, lines, tooltip, ZOOM } from './charts.ts';
import { el, nameOf, note, section } from './dom.ts';
import { count, duration, elapsed, percent, plural, time } from './format.ts';
import { foldedTable, pagedTable, type Column } from './table.ts';
import { KIND_TEXT, type Theme } from './theme.ts';

const LANE_HEIGHT = 22;
const SMALL_LANE_HEIGHT = 12;
const MANY_LANES = 32;
/** How dark that part of an attempt is in which it waited for its embedder. */
const WAITING = 0.35;
/** Waiting that is worth a word. */
const SHORT_MS = 100;
/** Axis, zoom bar and room above. */
const FRAME_HEIGHT = 92;

/** Tasks by worker and slot over time. */
export function timelineSection(data: PageData): HTMLElement | undefined {
  const view = data.timeline;
  if (view === undefined) return undefined;
  const height = view.lanes.length > MANY_LANES ? SMALL_LANE_HEIGHT : LANE_HEIGHT;
  const label = `Timeline of ${plural(view.attempts, 'attempt')} in ${plural(view.lanes.length, 'slot')} over ${duration(view.until / 1000)}`;
  return section(
    'timeline',
    'Timeline',
    note(
      `${plural(view.attempts, 'attempt')} to embed a task in ${plural(view.lanes.length, 'slot')}: a line for each slot of each worker process. Times are since the start of the run, ${time(new Date(view.startedAt).toISOString())}; the first attempt began ${duration(Math.min(...view.bars.map(([, from]) => from)) / 1000)} into it, after checking and planning. The pale beginning of an attempt is waiting for its embedder to be ready. Drag the handles below the chart, or scroll with Ctrl, to zoom.`,
    ),
    legend(view),
    chart(label, view.lanes.length * height + FRAME_HEIGHT, (theme) => option(data, view, theme)),
    troubledTable(data, view),
    foldedTable('Slots', laneColumns(data, view), view.lanes),
  );
}

/** The axis begins with the first attempt: what comes before is said in words. */
export function firstMoment({ bars, until }: TimelineView): number {
  const first = bars.reduce((earliest, [, from]) => Math.min(earliest, from), until);
  return Math.max(0, Math.floor(first - (until - first) * 0.01));
}

function laneName(data: PageData, { host, pid, embedder, slot }: Lane): string {
  return `${host} · ${pid} · ${data.embedders[embedder]?.name ?? '?'} ${slot}`;
}

function legend({ bars }: TimelineView): HTMLElement {
  const present = [...new Set(bars.map(([, , , kind]) => kind))];
  return el(
    'ul',
    'legend',
    present.map((kind) => el('li', '', el('span', `swatch kind-${kind}`), KIND_TEXT[kind] ?? kind)),
  );
}

function option(data: PageData, view: TimelineView, theme: Theme): EChartsCoreOption {
  const names = view.lanes.map((lane) => laneName(data, lane));
  const look = axisLook(theme);
  const zoom = { ...ZOOM, xAxisIndex: 0, filterMode: 'weakFilter', minValueSpan: 20 };
  return {
    grid: { left: 8, right: 16, top: 8, bottom: 64, containLabel: true },
    tooltip: tooltip(theme, ({ dataIndex }) => barLines(data, view, view.bars[dataIndex]!)),
    xAxis: {
      type: 'value',
      min: firstMoment(view),
      max: Math.max(1, view.until),
      ...look,
      axisLabel: { color: theme.muted, fontSize: 11, hideOverlap: true, formatter: elapsed },
    },
    yAxis: {
      type: 'category',
      inverse: true,
      data: names,
      ...look,
      splitLine: { show: false },
      axisLabel: { color: theme.muted, fontSize: 11, width: 210, overflow: 'truncate' },
    },
    dataZoom: [
      zoom,
      {
        ...zoom,
        type: 'slider',
        height: 18,
        bottom: 10,
        labelFormatter: elapsed,
        borderColor: theme.line,
        textStyle: { color: theme.muted },
      },
    ],
    series: [
      {
        type: 'custom',
        renderItem: (params: CustomSeriesRenderItemParams, api: CustomSeriesRenderItemAPI) =>
          drawBar(view, theme, params, api),
        encode: { x: [1, 2], y: 0 },
        data: view.bars.map(([lane, from, to]) => [lane, from, to]),
        clip: true,
      },
    ],
  };
}

function drawBar(
  view: TimelineView,
  theme: Theme,
  params: CustomSeriesRenderItemParams,
  api: CustomSeriesRenderItemAPI,
) {
  const bar = view.bars[params.dataIndex];
  const kind: BarKind = bar?.[3] ?? 'lost';
  const [left = 0, middle = 0] = api.coord([api.value(1), api.value(0)]);
  const [right = 0] = api.coord([api.value(2), api.value(0)]);
  const [, lane = 12] = (api.size?.([0, 1]) ?? []) as number[];
  const height = Math.max(3, lane * 0.68);
  const width = Math.max(2, right - left - 0.5);
  const [waited = left] = api.coord([Number(api.value(1)) + (bar?.[9] ?? 0), api.value(0)]);
  const isOpen = kind === 'lost' || kind === 'lost-device';
  const look = isOpen ? { stroke: theme.kinds.failed, lineWidth: 1, lineDash: [3, 2] } : {};
  const shape = { y: middle - height / 2, height, r: Math.min(2, width / 2) };
  const fill = theme.kinds[kind];
  const rest = Math.max(0, width - (waited - left));
  return {
    type: 'group' as const,
    children: [
      { type: 'rect' as const, shape: { ...shape, x: left, width }, style: { fill, opacity: WAITING, ...look } },
      { type: 'rect' as const, shape: { ...shape, x: left + width - rest, width: rest }, style: { fill, ...look } },
    ],
  };
}

function barLines(data: PageData, view: TimelineView, bar: Bar) {
  const [lane, from, to, kind, many, rows, task, attempt, reason, waited] = bar;
  const name = data.strings[task] ?? '';
  const place = view.lanes[lane];
  const title = many === 1 ? nameOf(name) : `${count(many)} attempts that begin together`;
  return lines(title, [
    ['result', KIND_TEXT[kind] ?? kind],
    ...(many === 1 ? [['attempt', String(attempt)] as const] : [['first', nameOf(name)] as const]),
    ['rows', count(rows)],
    ['from', `${elapsed(from)}, for ${duration((to - from) / 1000)}`],
    ...(waited < SHORT_MS ? [] : [['waited', `${duration(waited / 1000)} for its embedder`] as const]),
    ['slot', place === undefined ? '' : laneName(data, place)],
    ...(reason < 0 ? [] : [['reason', nameOf(data.strings[reason] ?? '', 'wrap')] as const]),
  ]);
}

function troubledTable({ strings }: PageData, { troubled, troubledTotal }: TimelineView): HTMLElement | undefined {
  if (troubled.length === 0) return undefined;
  const columns: Column<TroubledAttempt>[] = [
    { title: 'Task', cell: ([task]) => nameOf(strings[task] ?? ''), value: ([task]) => strings[task] ?? '' },
    { title: 'Attempt', cell: ([, attempt]) => String(attempt), value: ([, attempt]) => attempt },
    { title: 'Began', cell: ([, , from]) => elapsed(from), value: ([, , from]) => from },
    { title: 'Took', cell: ([, , from, to]) => duration((to - from) / 1000), value: ([, , from, to]) => to - from },
    {
      title: 'Result',
      cell: ([, , , , kind]) => el('span', `tag kind-${kind}`, KIND_TEXT[kind] ?? kind),
      value: ([, , , , kind]) => kind,
    },
    { title: 'Rows', cell: ([, , , , , rows]) => count(rows), value: ([, , , , , rows]) => rows },
    { title: 'Slot', cell: ([, , , , , , lane]) => nameOf(lane), value: ([, , , , , , lane]) => lane },
    { title: 'Reason', cell: (one) => nameOf(one[7], 'wrap'), value: (one) => one[7] },
  ];
  const text =
    troubled.length < troubledTotal
      ? `The first ${count(troubled.length)} of ${count(troubledTotal)}.`
      : `${plural(troubledTotal, 'attempt')}.`;
  return el(
    'div',
    '',
    el('h3', '', 'Attempts that did not succeed, and what came after them'),
    note(text),
    pagedTable('Attempts with trouble', columns, troubled),
  );
}

function laneColumns(data: PageData, { until }: TimelineView): Column<Lane>[] {
  const busy = ({ busySeconds }: Lane) => (until === 0 ? 0 : busySeconds / (until / 1000));
  return [
    { title: 'Slot', cell: (lane) => nameOf(laneName(data, lane)), value: (lane) => laneName(data, lane) },
    { title: 'Attempts', cell: ({ attempts }) => count(attempts), value: ({ attempts }) => attempts },
    { title: 'Rows', cell: ({ rows }) => count(rows), value: ({ rows }) => rows },
    { title: 'Busy', cell: (lane) => percent(busy(lane)), value: busy },
  ];
}
