import type { EChartsCoreOption } from 'echarts/core';
import type { PageData, Scatter } from '../page/page-data.ts';
import { axisLook, chart, lines, tooltip, ZOOM } from './charts.ts';
import { el, nameOf, note, section } from './dom.ts';
import { baseName, count, percent, plural } from './format.ts';
import { foldedTable, type Column } from './table.ts';
import type { Theme } from './theme.ts';

const HEIGHT = 440;
/** Files that have a colour of their own: people cannot tell more apart. */
const COLOURED = 10;

/** Embeddings on their first two principal components, for each embedder. */
export function scatterSection(data: PageData): HTMLElement | undefined {
  if (data.scatters.length === 0) return undefined;
  return section(
    'embeddings',
    'Embeddings',
    note(
      'Each point is one row of a checkpoint on the two axes along which the sampled rows differ most (principal components, centred, not scaled). Near points are alike along these two axes; what the others hold is not seen here.',
    ),
    data.scatters.map((scatter) => scatterPart(data, scatter)),
  );
}

function scatterPart(data: PageData, scatter: Scatter): HTMLElement {
  const { explained, sampledRows, rows, sampledFiles, files, dim, missing } = scatter;
  const name = data.embedders[scatter.embedder]?.name ?? '?';
  const sampled =
    sampledRows < rows
      ? `${count(sampledRows)} of ${plural(rows, 'row')} from ${count(sampledFiles)} of ${plural(files, 'file')} were sampled`
      : `all ${plural(rows, 'row')} of ${plural(files, 'file')}`;
  const heading = el('h3', '', `${name}, ${plural(dim, 'dimension')}`);
  if (missing !== undefined) return el('div', '', heading, note(`No picture: ${missing}.`));
  const shares = `PC1 explains ${percent(explained[0])} of their variance, PC2 ${percent(explained[1])}`;
  return el(
    'div',
    '',
    heading,
    note(`${sampled}; ${shares}.`),
    chart(`Principal components of ${name}: ${sampled}; ${shares}`, HEIGHT, (theme) => option(data, scatter, theme)),
    foldedTable(
      `Sampled rows of ${name}`,
      columns(data, scatter),
      scatter.x.map((_, at) => at),
    ),
  );
}

/** Files with a colour of their own, the same in all scatters: those with the most points. */
function colouredFiles({ scatters }: PageData): number[] {
  const points = new Map<number, number>();
  for (const one of scatters.flatMap(({ file }) => file)) points.set(one, (points.get(one) ?? 0) + 1);
  const bySize = [...points].toSorted(([a, left], [b, right]) => right - left || a - b);
  return bySize.slice(0, COLOURED).map(([file]) => file);
}

/** Points by file; those without a colour together. */
function groupsOf({ file }: Scatter, coloured: readonly number[]): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (const [at, one] of file.entries()) {
    const group = coloured.includes(one) ? one : OTHERS;
    const indexes = groups.get(group);
    if (indexes === undefined) groups.set(group, [at]);
    else indexes.push(at);
  }
  return groups;
}

const OTHERS = -2;

function option(data: PageData, scatter: Scatter, theme: Theme): EChartsCoreOption {
  const coloured = colouredFiles(data);
  const groups = [...groupsOf(scatter, coloured)];
  const hidden = new Set(scatter.file.filter((file) => !coloured.includes(file))).size;
  const look = axisLook(theme);
  const axis = (name: string, share: number) => ({
    type: 'value',
    scale: true,
    name: `${name} (${percent(share)})`,
    nameLocation: 'middle',
    nameGap: 28,
    ...look,
  });
  // Last in the list is drawn on top: the many without a colour must not hide the others.
  const drawn = groups.toSorted(([a], [b]) => coloured.indexOf(a) - coloured.indexOf(b));
  return {
    grid: { left: 36, right: 16, top: 40, bottom: 28, containLabel: true },
    legend: {
      type: 'scroll',
      top: 0,
      left: 0,
      textStyle: { color: theme.text, fontSize: 11, width: 150, overflow: 'truncate' },
      pageTextStyle: { color: theme.muted },
      pageIconColor: theme.muted,
      icon: 'circle',
      itemWidth: 10,
      itemHeight: 10,
    },
    tooltip: tooltip(theme, ({ seriesIndex, dataIndex }) =>
      pointLines(data, scatter, drawn[seriesIndex]?.[1][dataIndex] ?? 0),
    ),
    dataZoom: [
      { ...ZOOM, xAxisIndex: 0, filterMode: 'none' },
      { ...ZOOM, yAxisIndex: 0, filterMode: 'none' },
    ],
    xAxis: axis('PC1', scatter.explained[0]),
    yAxis: { ...axis('PC2', scatter.explained[1]), nameGap: 40 },
    series: drawn.map(([file, indexes]) => ({
      type: 'scatter',
      name: file === OTHERS ? plural(hidden, 'other file') : seriesName(data, file),
      symbolSize: scatter.x.length > 600 ? 5 : 7,
      itemStyle: {
        color: file === OTHERS ? theme.other : theme.series[coloured.indexOf(file)],
        opacity: 0.78,
      },
      data: indexes.map((at) => [scatter.x[at], scatter.y[at]]),
    })),
  };
}

/** Two files of one name in different folders are two. */
function seriesName({ strings, files }: PageData, file: number): string {
  const path = strings[file] ?? '';
  const name = baseName(path);
  const isUnique = files.rows.every(([other]) => other === file || baseName(strings[other] ?? '') !== name);
  return isUnique ? name : path;
}

function pointLines({ strings }: PageData, { ids, file, x, y }: Scatter, at: number) {
  return lines(nameOf(ids[at] ?? ''), [
    ['file', nameOf(baseName(strings[file[at] ?? -1] ?? ''))],
    ['PC1, PC2', `${x[at] ?? 0}, ${y[at] ?? 0}`],
  ]);
}

function columns({ strings }: PageData, { ids, file, x, y }: Scatter): Column<number>[] {
  const fileAt = (at: number) => strings[file[at] ?? -1] ?? '';
  return [
    { title: 'Id', cell: (at) => nameOf(ids[at] ?? ''), value: (at) => ids[at] ?? '' },
    { title: 'File', cell: (at) => nameOf(baseName(fileAt(at))), value: fileAt },
    { title: 'PC1', cell: (at) => String(x[at] ?? 0), value: (at) => x[at] ?? 0 },
    { title: 'PC2', cell: (at) => String(y[at] ?? 0), value: (at) => y[at] ?? 0 },
  ];
}
