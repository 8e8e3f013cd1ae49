import type { EChartsCoreOption } from 'echarts/core';
import type { PageData, Throughput } from '../page/page-data.ts';
import { axisLook, chart, lines } from './charts.ts';
import { el, note, section } from './dom.ts';
import { count, duration, elapsed, rate } from './format.ts';
import { foldedTable, type Column } from './table.ts';
import type { Theme } from './theme.ts';
import { firstMoment } from './timeline.ts';

const HEIGHT = 240;

/** Rows per second over time, for each embedder. */
export function throughputSection(data: PageData): HTMLElement | undefined {
  const { throughput } = data;
  if (throughput === undefined) return undefined;
  const bins = throughput.series[0]?.rowsPerSecond.length ?? 0;
  const label = `Rows per second over time: ${throughput.series.map(({ embedder, rows }) => `${nameAt(data, embedder)} ${count(rows)} rows`).join(', ')}`;
  return section(
    'throughput',
    'Throughput',
    note(`Rows that became durable, per second, in spans of ${duration(throughput.binMs / 1000)}.`),
    chart(label, HEIGHT, (theme) => option(data, throughput, theme)),
    foldedTable(
      'Throughput',
      columns(data, throughput),
      Array.from({ length: bins }, (_, bin) => bin),
    ),
  );
}

function nameAt(data: PageData, embedder: number): string {
  return data.embedders[embedder]?.name ?? '?';
}

function option(data: PageData, { binMs, series }: Throughput, theme: Theme): EChartsCoreOption {
  const look = axisLook(theme);
  const until = Math.max(binMs, data.timeline?.until ?? 0);
  return {
    color: [...theme.series],
    grid: { left: 8, right: 16, top: 36, bottom: 8, containLabel: true },
    legend: { top: 0, left: 0, textStyle: { color: theme.text }, icon: 'roundRect', itemWidth: 12, itemHeight: 8 },
    tooltip: {
      ...{
        trigger: 'axis',
        confine: true,
        transitionDuration: 0,
        backgroundColor: theme.card,
        borderColor: theme.line,
      },
      textStyle: { color: theme.text, fontSize: 12 },
      formatter: (items: { seriesName: string; value: [number, number] }[]) => {
        const [first] = items;
        const facts = items.map(({ seriesName, value }) => [seriesName, `${rate(value[1])} rows/s`] as const);
        return el('div', 'tooltip', ...lines(elapsed(first?.value[0] ?? 0), facts));
      },
    },
    xAxis: {
      type: 'value',
      min: data.timeline === undefined ? 0 : firstMoment(data.timeline),
      max: until,
      ...look,
      axisLabel: { color: theme.muted, fontSize: 11, hideOverlap: true, formatter: elapsed },
    },
    yAxis: {
      type: 'value',
      name: 'rows/s',
      min: 0,
      ...look,
      nameTextStyle: { color: theme.muted, fontSize: 11, align: 'left' },
    },
    series: series.map(({ embedder, rowsPerSecond }) => ({
      type: 'line',
      name: nameAt(data, embedder),
      step: 'end',
      symbol: 'none',
      lineStyle: { width: 1.6 },
      areaStyle: { opacity: 0.12 },
      data: stepsOf(rowsPerSecond, binMs, until),
    })),
  };
}

/** A span reaches from its beginning to that of the next; the last one to the end. */
function stepsOf(rowsPerSecond: readonly number[], binMs: number, until: number): [number, number][] {
  const first: [number, number] = [0, rowsPerSecond[0] ?? 0];
  return [first, ...rowsPerSecond.map((value, bin): [number, number] => [Math.min(until, (bin + 1) * binMs), value])];
}

function columns(data: PageData, { binMs, series }: Throughput): Column<number>[] {
  return [
    { title: 'From', cell: (bin) => elapsed(bin * binMs), value: (bin) => bin },
    ...series.map(({ embedder, rowsPerSecond }) => ({
      title: `${nameAt(data, embedder)} rows/s`,
      cell: (bin: number) => rate(rowsPerSecond[bin] ?? 0),
      value: (bin: number) => rowsPerSecond[bin] ?? 0,
    })),
  ];
}
