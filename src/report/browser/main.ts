import type { PageData } from '../page/page-data.ts';
import type { PredictionPageData } from '../prediction/page-data.ts';
import { drawCharts } from './charts.ts';
import { el } from './dom.ts';
import { filesSection } from './files.ts';
import { checkpointsSection, environmentSection, executionsSection, failuresSection, notesSection } from './lists.ts';
import { predictionParts } from './prediction/parts.ts';
import { scatterSection } from './scatter.ts';
import { nextSection, summarySection } from './summary.ts';
import { throughputSection } from './throughput.ts';
import { timelineSection } from './timeline.ts';

function readData(): PageData | PredictionPageData {
  return JSON.parse(document.querySelector('#report-data')?.textContent ?? '') as PageData | PredictionPageData;
}

const SECTIONS = [
  nextSection,
  failuresSection,
  timelineSection,
  throughputSection,
  filesSection,
  scatterSection,
  checkpointsSection,
  executionsSection,
  environmentSection,
  notesSection,
];

function runParts(data: PageData): (HTMLElement | undefined)[] {
  return [summarySection(data), ...SECTIONS.map((make) => make(data))];
}

function contents(sections: readonly HTMLElement[]): HTMLElement {
  const links = sections.map((section) => {
    const link = el('a', '', section.querySelector('h2')?.textContent ?? '');
    link.href = `#${section.id}`;
    return el('li', '', link);
  });
  const list = el('nav', 'contents', el('ul', '', links));
  list.setAttribute('aria-label', 'Contents');
  return list;
}

const data = readData();
const parts = 'kind' in data ? predictionParts(data) : runParts(data);
const [head, ...sections] = parts.filter((part) => part !== undefined);
document.querySelector('#page')?.replaceChildren(...(head ? [head] : []), contents(sections), el('main', '', sections));
drawCharts();
