import { el, type Content } from './dom.ts';
import { count } from './format.ts';

export interface Column<Row> {
  title: string;
  cell: (row: Row) => Content;
  /** What rows are sorted and looked up by. */
  value: (row: Row) => string | number;
}

const PAGE_ROWS = 15;

/** A table of any length: pages, a filter and columns to sort by. On paper, and for readers, it is a plain table. */
export function pagedTable<Row>(caption: string, columns: readonly Column<Row>[], rows: readonly Row[]): HTMLElement {
  const body = el('tbody');
  const status = el('span', 'status');
  status.setAttribute('aria-live', 'polite');
  const state = { rows: [...rows], page: 0, sorted: -1, descending: false };
  const pages = () => Math.max(1, Math.ceil(state.rows.length / PAGE_ROWS));
  const show = () => {
    const start = state.page * PAGE_ROWS;
    const shown = state.rows.slice(start, start + PAGE_ROWS);
    body.replaceChildren(...shown.map((row) => rowOf(columns, row)));
    const until = start + shown.length;
    status.textContent = `${shown.length === 0 ? 0 : count(start + 1)}–${count(until)} of ${count(state.rows.length)}`;
    previous.disabled = state.page === 0;
    next.disabled = state.page >= pages() - 1;
  };
  const turn = (by: number) => {
    state.page += by;
    show();
  };
  const previous = button('Previous', () => turn(-1));
  const next = button('Next', () => turn(1));
  const filter = filterBox(caption, (text) => {
    const wanted = text.toLowerCase();
    state.rows = rows.filter((row) => columns.some(({ value }) => String(value(row)).toLowerCase().includes(wanted)));
    state.page = 0;
    show();
  });
  const head = headOf(columns, (at, header) => {
    state.descending = state.sorted === at && !state.descending;
    state.sorted = at;
    state.rows = sortedBy(state.rows, columns[at]!, state.descending);
    state.page = 0;
    for (const other of header.parentElement?.children ?? []) other.removeAttribute('aria-sort');
    header.setAttribute('aria-sort', state.descending ? 'descending' : 'ascending');
    show();
  });
  const table = el('table', '', el('caption', 'hidden', caption), head, body);
  show();
  const isLong = rows.length > PAGE_ROWS;
  return el(
    'div',
    'table',
    isLong ? filter : undefined,
    el('div', 'scroll', table),
    isLong ? el('div', 'pager', previous, status, next) : undefined,
  );
}

/** A table of a few rows, all of them shown. */
export function plainTable<Row>(caption: string, columns: readonly Column<Row>[], rows: readonly Row[]): HTMLElement {
  const head = el(
    'thead',
    '',
    el(
      'tr',
      '',
      columns.map(({ title }) => headerOf(title)),
    ),
  );
  const body = el(
    'tbody',
    '',
    rows.map((row) => rowOf(columns, row)),
  );
  return el('div', 'scroll', el('table', '', el('caption', 'hidden', caption), head, body));
}

/** A table behind a line that opens it: beside a chart, for whoever cannot see or use that. */
export function foldedTable<Row>(caption: string, columns: readonly Column<Row>[], rows: readonly Row[]): HTMLElement {
  return el('details', 'folded', el('summary', '', `${caption} as a table`), pagedTable(caption, columns, rows));
}

function rowOf<Row>(columns: readonly Column<Row>[], row: Row): HTMLElement {
  return el(
    'tr',
    '',
    columns.map(({ cell, value }) => el('td', typeof value(row) === 'number' ? 'number' : '', cell(row))),
  );
}

function headerOf(title: string, content: Content = title): HTMLTableCellElement {
  const header = el('th', '', content);
  header.scope = 'col';
  return header;
}

function headOf<Row>(columns: readonly Column<Row>[], sort: (at: number, header: HTMLElement) => void): HTMLElement {
  const headers = columns.map(({ title }, at) => {
    const header = headerOf(
      title,
      button(title, () => sort(at, header)),
    );
    return header;
  });
  return el('thead', '', el('tr', '', headers));
}

function sortedBy<Row>(rows: readonly Row[], { value }: Column<Row>, descending: boolean): Row[] {
  const sign = descending ? -1 : 1;
  return rows.toSorted((a, b) => {
    const [left, right] = [value(a), value(b)];
    if (typeof left === 'number' && typeof right === 'number') return sign * (left - right);
    return sign * String(left).localeCompare(String(right), 'en', { numeric: true });
  });
}

function button(title: string, act: () => void): HTMLButtonElement {
  const one = el('button', '', title);
  one.type = 'button';
  one.addEventListener('click', act);
  return one;
}

function filterBox(caption: string, act: (text: string) => void): HTMLElement {
  const box = el('input');
  box.type = 'search';
  box.placeholder = 'Filter';
  box.setAttribute('aria-label', `Filter ${caption}`);
  box.addEventListener('input', () => act(box.value));
  return el('div', 'filter', box);
}
