import type { EChartsCoreOption } from 'echarts/core';
import type { PredictionPageData, StageSum } from '../../prediction/page-data.ts';
import { axisLook, chart, lines, tooltip } from '../charts.ts';
import { el, note, section } from '../dom.ts';
import { count, duration, plural, rate } from '../format.ts';
import { plainTable, type Column } from '../table.ts';
import type { Theme } from '../theme.ts';
import { stageColour } from './stage-look.ts';

const BAR_HEIGHT = 26;
const FRAME_HEIGHT = 40;

/** Where the time went, and how fast each stage was. */
export function stagesSection({ stages }: PredictionPageData): HTMLElement | undefined {
  if (stages.length === 0) return undefined;
  const done = stages.filter((stage) => stage.done > 0 && stage.seconds > 0);
  const height = done.length * BAR_HEIGHT + FRAME_HEIGHT;
  return section(
    'stages',
    'Stages',
    note(
      'Time and speed of each stage, summed over the inputs: where several are worked on at once, these are more seconds than went by. Found: it was there, was checked and was kept.',
    ),
    done.length === 0
      ? undefined
      : el(
          'div',
          'pair',
          el(
            'div',
            '',
            el('h3', '', 'Seconds'),
            chart(labelOf(done), height, (theme) => seconds(done, theme)),
          ),
          el(
            'div',
            '',
            el('h3', '', 'Rows per second, logarithmic'),
            chart(`Rows per second of ${plural(done.length, 'stage')}`, height, (theme) => speeds(done, theme)),
          ),
        ),
    plainTable('Stages', columns, stages),
  );
}

function labelOf(stages: readonly StageSum[]): string {
  return `Seconds of each stage: ${stages.map(({ stage, seconds: took }) => `${stage} ${duration(took)}`).join(', ')}`;
}

function speedOf({ rows, seconds: took }: StageSum): number {
  return took > 0 ? rows / took : 0;
}

const columns: Column<StageSum>[] = [
  { title: 'Stage', cell: ({ stage }) => stage, value: ({ stage }) => stage },
  { title: 'Done now', cell: ({ done }) => plural(done, 'input'), value: ({ done }) => done },
  { title: 'Found', cell: ({ found }) => count(found), value: ({ found }) => found },
  {
    title: 'Made or read',
    cell: ({ rows, unit, done }) => (done === 0 ? '–' : `${count(rows)} ${unit}`),
    value: ({ rows }) => rows,
  },
  { title: 'Took', cell: (one) => (one.done === 0 ? '–' : duration(one.seconds)), value: (one) => one.seconds },
  { title: 'Per second', cell: (one) => (speedOf(one) > 0 ? rate(speedOf(one)) : '–'), value: speedOf },
];

function seconds(stages: readonly StageSum[], theme: Theme): EChartsCoreOption {
  return barsOf(stages, theme, ({ seconds: took }) => took, duration, { type: 'value', min: 0 });
}

function speeds(stages: readonly StageSum[], theme: Theme): EChartsCoreOption {
  const known = stages.map(speedOf).filter((speed) => speed > 0);
  // A decade below the slowest, so that its bar has a length.
  const min = 10 ** Math.floor(Math.log10(Math.min(...known, 1e9) / 2));
  return barsOf(stages, theme, speedOf, rate, { type: 'log', min });
}

function barsOf(
  stages: readonly StageSum[],
  theme: Theme,
  valueOf: (stage: StageSum) => number,
  format: (value: number) => string,
  axis: object,
): EChartsCoreOption {
  const look = axisLook(theme);
  return {
    grid: { left: 8, right: 72, top: 8, bottom: 8, containLabel: true },
    tooltip: tooltip(theme, ({ dataIndex }) =>
      lines(stages[dataIndex]!.stage, [['', format(valueOf(stages[dataIndex]!))]]),
    ),
    xAxis: { ...axis, ...look, splitNumber: 4 },
    yAxis: {
      type: 'category',
      inverse: true,
      data: stages.map(({ stage }) => stage),
      ...look,
      splitLine: { show: false },
      axisLabel: { color: theme.text, fontSize: 12 },
    },
    series: [
      {
        type: 'bar',
        barMaxWidth: 16,
        label: {
          show: true,
          position: 'right',
          color: theme.muted,
          fontSize: 11,
          formatter: ({ dataIndex }: { dataIndex: number }) => format(valueOf(stages[dataIndex]!)),
        },
        data: stages.map((one) => ({ value: valueOf(one), itemStyle: { color: stageColour(one.stage, theme) } })),
      },
    ],
  };
}
