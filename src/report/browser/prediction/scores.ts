import type { EChartsCoreOption } from 'echarts/core';
import type { Histogram, PredictionPageData } from '../../prediction/page-data.ts';
import { axisLook, chart, lines, type TooltipItem } from '../charts.ts';
import { el, note, section } from '../dom.ts';
import { count, plural } from '../format.ts';
import { foldedTable } from '../table.ts';
import type { Theme } from '../theme.ts';

const HEIGHT = 240;

/** How the scores are spread: of sequences, and of contigs by their mean. */
export function scoresSection({ scores }: PredictionPageData): HTMLElement | undefined {
  if (scores === undefined) return undefined;
  return section(
    'scores',
    'Scores',
    note(
      'Probability of class virus, in spans of 0.05, by what was called. A sequence is one translated frame; a contig has the mean over its chunks of the best score of each, and is called by its chunks, not by this mean.',
    ),
    el('div', 'pair', part('Sequences', scores.sequences), part('Contigs, by mean score', scores.contigs)),
  );
}

function part(title: string, histogram: Histogram): HTMLElement {
  const sums = `${plural(sum(histogram.virus), 'time')} virus, ${count(sum(histogram.others))} others`;
  const bins = histogram.virus.map((_, bin) => bin);
  return el(
    'div',
    '',
    el('h3', '', title),
    chart(`${title}: histogram of scores, ${sums}`, HEIGHT, (theme) => option(histogram, theme)),
    foldedTable(title, columns(histogram), bins),
  );
}

function columns({ virus, others }: Histogram) {
  return [
    { title: 'Score', cell: (bin: number) => spanOf(bin, virus.length), value: (bin: number) => bin },
    { title: 'Virus', cell: (bin: number) => count(virus[bin] ?? 0), value: (bin: number) => virus[bin] ?? 0 },
    { title: 'Others', cell: (bin: number) => count(others[bin] ?? 0), value: (bin: number) => others[bin] ?? 0 },
  ];
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, one) => total + one, 0);
}

/** `0.15–0.20` */
function spanOf(bin: number, bins: number): string {
  return `${(bin / bins).toFixed(2)}–${((bin + 1) / bins).toFixed(2)}`;
}

function option({ virus, others }: Histogram, theme: Theme): EChartsCoreOption {
  const look = axisLook(theme);
  const bins = virus.length;
  const series = (name: string, data: readonly number[], color: string | undefined) => ({
    ...{ type: 'bar', stack: 'scores', name, data, barCategoryGap: '12%' },
    itemStyle: { color },
  });
  return {
    grid: { left: 8, right: 12, top: 34, bottom: 8, containLabel: true },
    legend: { top: 0, left: 0, textStyle: { color: theme.text }, icon: 'roundRect', itemWidth: 12, itemHeight: 8 },
    tooltip: {
      ...{ trigger: 'axis', confine: true, transitionDuration: 0 },
      ...{ backgroundColor: theme.card, borderColor: theme.line, textStyle: { color: theme.text, fontSize: 12 } },
      axisPointer: { type: 'shadow' },
      formatter: (items: TooltipItem[]) => {
        const bin = items[0]?.dataIndex ?? 0;
        const facts = items.map(({ seriesName = '', value }) => [seriesName, count(Number(value))] as const);
        return el('div', 'tooltip', ...lines(spanOf(bin, bins), facts));
      },
    },
    xAxis: {
      type: 'category',
      data: virus.map((_, bin) => (bin / bins).toFixed(2)),
      ...look,
      axisLabel: { color: theme.muted, fontSize: 11, interval: 3 },
      axisTick: { alignWithLabel: false, interval: 3, lineStyle: { color: theme.line } },
    },
    yAxis: { type: 'value', minInterval: 1, ...look },
    series: [series('virus', virus, theme.series[3]), series('others', others, theme.other)],
  };
}
