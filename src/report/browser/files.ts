import type { EChartsCoreOption } from 'echarts/core';
import type { FileList, PageData } from '../page/page-data.ts';
import { axisLook, chart, lines, tooltip, ZOOM } from './charts.ts';
import { nameOf, note, section } from './dom.ts';
import { baseName, count, plural } from './format.ts';
import { foldedTable, type Column } from './table.ts';
import type { Theme } from './theme.ts';

const HEIGHT = 280;
/** More bars than this are looked at in parts. */
const AT_ONCE = 60;
/** One bar says nothing that the summary does not say. */
const FEWEST = 2;

/** Names of so many fit side by side. */
const FEW = 6;

type FileRow = FileList['rows'][number];

/** Rows of each input file. */
export function filesSection(data: PageData): HTMLElement | undefined {
  const { rows, total } = data.files;
  if (total < FEWEST) return undefined;
  const label = `Rows in the checkpoints of ${plural(rows.length, 'file')}`;
  return section(
    'files',
    'Rows per file',
    note(
      rows.length < total
        ? `The ${count(rows.length)} files with the most rows of ${count(total)}.`
        : `${plural(total, 'file')}.`,
    ),
    chart(label, HEIGHT, (theme) => option(data, theme)),
    foldedTable('Rows per file', columns(data), rows),
  );
}

function option(data: PageData, theme: Theme): EChartsCoreOption {
  const { rows } = data.files;
  const look = axisLook(theme);
  const zoom = { ...ZOOM, startValue: 0, endValue: Math.min(rows.length, AT_ONCE) - 1 };
  const slider = { ...zoom, type: 'slider', height: 18, bottom: 8, showDetail: false, borderColor: theme.line };
  const isLong = rows.length > AT_ONCE;
  return {
    color: [...theme.series],
    grid: { left: rows.length > FEW ? 40 : 8, right: 16, top: 36, bottom: isLong ? 34 : 8, containLabel: true },
    legend: { top: 0, left: 0, textStyle: { color: theme.text }, icon: 'roundRect', itemWidth: 12, itemHeight: 8 },
    tooltip: tooltip(theme, ({ dataIndex }) => barLines(data, rows[dataIndex]!)),
    xAxis: {
      ...{ type: 'category', data: rows.map(([file]) => baseName(data.strings[file] ?? '')), ...look },
      axisLabel: {
        color: theme.muted,
        fontSize: 11,
        hideOverlap: true,
        width: 110,
        overflow: 'truncate',
        rotate: rows.length > FEW ? 35 : 0,
        interval: isLong ? 'auto' : 0,
      },
    },
    yAxis: {
      type: 'value',
      name: 'rows',
      min: 0,
      minInterval: 1,
      ...look,
      nameTextStyle: { color: theme.muted, fontSize: 11, align: 'left' },
    },
    dataZoom: isLong ? [zoom, slider] : [],
    series: data.embedders.map(({ name }, embedder) => ({
      ...{ type: 'bar', name, barMaxWidth: 36, barGap: '8%' },
      itemStyle: { borderRadius: [2, 2, 0, 0] },
      data: rows.map((row) => row[embedder + 1] ?? 0),
    })),
  };
}

function barLines(data: PageData, row: FileRow) {
  return lines(
    nameOf(data.strings[row[0]] ?? ''),
    data.embedders.map(({ name }, embedder) => [name, plural(row[embedder + 1] ?? 0, 'row')] as const),
  );
}

function columns({ strings, embedders }: PageData): Column<FileRow>[] {
  return [
    { title: 'File', cell: ([file]) => nameOf(strings[file] ?? ''), value: ([file]) => strings[file] ?? '' },
    ...embedders.map(({ name }, embedder) => ({
      title: `${name} rows`,
      cell: (row: FileRow) => count(row[embedder + 1] ?? 0),
      value: (row: FileRow) => row[embedder + 1] ?? 0,
    })),
  ];
}
