import type { EChartsCoreOption } from 'echarts/core';
import type { CustomSeriesRenderItemAPI, CustomSeriesRenderItemParams } from 'echarts';
import type { PageStage, PredictionPageData, StageBar, StageLane, StageTimeline } from '../../prediction/page-data.ts';
import { axisLook, chart, lines, tooltip, ZOOM } from '../charts.ts';
import { el, nameOf, note, section } from '../dom.ts';
import { count, duration, elapsed, plural, rate, time } from '../format.ts';
import { foldedTable, type Column } from '../table.ts';
import type { Theme } from '../theme.ts';
import { stageColour, STAGE_SERIES } from './stage-look.ts';

const LANE_HEIGHT = 24;
const SMALL_LANE_HEIGHT = 14;
const MANY_LANES = 40;
/** Axis, zoom bar and room above. */
const FRAME_HEIGHT = 92;

/** What was done when, a line or three for each input. */
export function stageTimelineSection(data: PredictionPageData): HTMLElement | undefined {
  const view = data.timeline;
  if (view === undefined) return undefined;
  const height = view.lanes.length > MANY_LANES ? SMALL_LANE_HEIGHT : LANE_HEIGHT;
  const label = `Timeline of ${plural(view.bars.length, 'stage')} in ${plural(view.lanes.length, 'lane')} over ${duration(view.until / 1000)}`;
  return section(
    'timeline',
    'Timeline',
    note(
      `What this prediction did itself, since its start at ${time(new Date(view.startedAt).toISOString())}; the first stage began ${duration(firstOf(view) / 1000)} into it, after checking. Stages that were found are not drawn. Both embedding runs of an input go on side by side, each with a report of its own below. Drag the handles below the chart, or scroll with Ctrl, to zoom.`,
    ),
    legend(view),
    chart(label, view.lanes.length * height + FRAME_HEIGHT, (theme) => option(data, view, theme)),
    foldedTable('Stages of each input', columns(data, view), view.bars),
  );
}

/** Lanes of sides come below that of the input's name. */
function laneName({ names }: PredictionPageData, { name, what }: StageLane): string {
  return what === 'nucleotide' || what === 'protein' ? what : (names[name] ?? '');
}

function firstOf({ bars }: StageTimeline): number {
  return Math.min(...bars.map(([, from]) => from));
}

function legend({ bars }: StageTimeline): HTMLElement {
  const present = new Set(bars.map(([, , , stage]) => stage));
  const ordered = (Object.keys(STAGE_SERIES) as PageStage[]).filter((stage) => present.has(stage));
  return el(
    'ul',
    'legend',
    ordered.map((stage) => el('li', '', el('span', `swatch series-${STAGE_SERIES[stage]}`), stage)),
  );
}

/** The axis begins with the first stage: what comes before is said in words. */
function axisStart(view: StageTimeline): number {
  const first = firstOf(view);
  return Math.max(0, Math.floor(first - (view.until - first) * 0.01));
}

function option(data: PredictionPageData, view: StageTimeline, theme: Theme): EChartsCoreOption {
  const look = axisLook(theme);
  const zoom = { ...ZOOM, xAxisIndex: 0, filterMode: 'weakFilter', minValueSpan: 20 };
  const slider = { ...zoom, type: 'slider', height: 18, bottom: 10, labelFormatter: elapsed };
  return {
    grid: { left: 8, right: 16, top: 8, bottom: 64, containLabel: true },
    tooltip: tooltip(theme, ({ dataIndex }) => barLines(data, view, view.bars[dataIndex]!)),
    xAxis: {
      type: 'value',
      min: axisStart(view),
      max: Math.max(1, view.until),
      ...look,
      axisLabel: { color: theme.muted, fontSize: 11, hideOverlap: true, formatter: elapsed },
    },
    yAxis: {
      type: 'category',
      inverse: true,
      data: view.lanes.map((lane) => laneName(data, lane)),
      ...look,
      splitLine: { show: false },
      axisLabel: { color: theme.muted, fontSize: 11, width: 210, overflow: 'truncate' },
    },
    dataZoom: [zoom, { ...slider, borderColor: theme.line, textStyle: { color: theme.muted } }],
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
  { bars, lanes }: StageTimeline,
  theme: Theme,
  { dataIndex }: CustomSeriesRenderItemParams,
  api: CustomSeriesRenderItemAPI,
) {
  const [left = 0, middle = 0] = api.coord([api.value(1), api.value(0)]);
  const [right = 0] = api.coord([api.value(2), api.value(0)]);
  const [, lane = 12] = (api.size?.([0, 1]) ?? []) as number[];
  const whole = Math.max(4, lane * 0.68);
  const width = Math.max(2, right - left - 0.5);
  const [at = 0, , , stage = 'chunking'] = bars[dataIndex] ?? [];
  const fill = stageColour(stage, theme);
  // Embeddings go on side by side: in one lane they are one above the other.
  const isHalf = lanes[at]?.what === undefined && stage.endsWith('embedding');
  const height = isHalf ? whole / 2 : whole;
  const y = middle - whole / 2 + (isHalf && stage.startsWith('protein') ? height : 0);
  const shape = { x: left, y, width, height, r: Math.min(2, width / 2) };
  return { type: 'rect' as const, shape, style: { fill } };
}

function barLines(data: PredictionPageData, view: StageTimeline, [lane, from, to, stage, rows, place]: StageBar) {
  const { name } = view.lanes[lane] ?? { name: -1 };
  return lines(
    [stage, ' of ', nameOf(data.names[name] ?? '')],
    [
      ['from', `${elapsed(from)}, for ${duration((to - from) / 1000)}`],
      ['rows', to > from ? `${count(rows)}, ${rate(rows / ((to - from) / 1000))} per second` : count(rows)],
      ['by', nameOf(place)],
    ],
  );
}

function columns(data: PredictionPageData, view: StageTimeline): Column<StageBar>[] {
  const inputOf = ([lane]: StageBar) => data.names[view.lanes[lane]?.name ?? -1] ?? '';
  return [
    { title: 'Input', cell: (bar) => nameOf(inputOf(bar)), value: inputOf },
    { title: 'Stage', cell: ([, , , stage]) => stage, value: ([, , , stage]) => stage },
    { title: 'From', cell: ([, from]) => elapsed(from), value: ([, from]) => from },
    { title: 'Took', cell: ([, from, to]) => duration((to - from) / 1000), value: ([, from, to]) => to - from },
    { title: 'Rows', cell: ([, , , , rows]) => count(rows), value: ([, , , , rows]) => rows },
    { title: 'By', cell: (bar) => nameOf(bar[5]), value: (bar) => bar[5] },
  ];
}
