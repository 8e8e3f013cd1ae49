import { BarChart, CustomChart, LineChart, ScatterChart } from 'echarts/charts';
import { DataZoomComponent, GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import type { EChartsCoreOption } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { el, type Content } from './dom.ts';
import { themeFor, type Theme } from './theme.ts';

echarts.use([BarChart, CustomChart, LineChart, ScatterChart]);
echarts.use([DataZoomComponent, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

/** Makes what a chart shows in the colours of a theme. */
export type MakeOption = (theme: Theme) => EChartsCoreOption;

/** A plain scroll belongs to the page, not to the chart under the pointer. */
export const ZOOM = { type: 'inside', zoomOnMouseWheel: 'ctrl', moveOnMouseWheel: false } as const;

interface MountedChart {
  place: HTMLElement;
  make: MakeOption;
  chart: echarts.ECharts | undefined;
}

const mounted: MountedChart[] = [];
const dark = matchMedia('(prefers-color-scheme: dark)');

/**
 * A place for a chart, drawn when it is first seen.
 *
 * @param label what the chart shows, for readers who do not see it
 */
export function chart(label: string, height: number, make: MakeOption): HTMLElement {
  const place = el('div', 'chart');
  place.style.height = `${height}px`;
  place.setAttribute('role', 'img');
  place.setAttribute('aria-label', label);
  mounted.push({ place, make, chart: undefined });
  return place;
}

/** Draws the charts of the page, and again when the theme changes or the page is printed. */
export function drawCharts(): void {
  drawAll(dark.matches);
  dark.addEventListener('change', () => drawAll(dark.matches));
  addEventListener('resize', resizeAll);
  addEventListener('beforeprint', () => drawAll(false));
  addEventListener('afterprint', () => drawAll(dark.matches));
}

function drawAll(isDark: boolean): void {
  const theme = themeFor(isDark);
  for (const one of mounted) {
    one.chart?.dispose();
    one.chart = echarts.init(one.place);
    one.chart.setOption({
      animation: false,
      textStyle: { fontFamily: theme.font, color: theme.text },
      ...one.make(theme),
    });
  }
}

function resizeAll(): void {
  for (const { chart: one } of mounted) one?.resize();
}

/** What appears beside the pointer: elements, never markup, since names are not ours. */
export function tooltip(theme: Theme, content: (item: TooltipItem) => Content[]): object {
  return {
    trigger: 'item',
    confine: true,
    transitionDuration: 0,
    backgroundColor: theme.card,
    borderColor: theme.line,
    textStyle: { color: theme.text, fontSize: 12 },
    formatter: (item: TooltipItem) => el('div', 'tooltip', ...content(item)),
  };
}

export interface TooltipItem {
  dataIndex: number;
  seriesIndex: number;
  seriesName?: string;
  value: unknown;
}

/** A heading and lines of a tooltip. */
export function lines(title: Content, facts: readonly (readonly [string, Content])[]): Content[] {
  return [
    el('strong', '', title),
    ...facts.map(([name, value]) => el('div', '', el('span', 'muted', `${name} `), value)),
  ];
}

export function axisLook(theme: Theme): object {
  return {
    axisLine: { lineStyle: { color: theme.line } },
    axisTick: { lineStyle: { color: theme.line } },
    axisLabel: { color: theme.muted, fontSize: 11, hideOverlap: true },
    splitLine: { lineStyle: { color: theme.grid } },
    nameTextStyle: { color: theme.muted, fontSize: 11 },
  };
}
