import type { CheckpointRow, ExecutionRow, FactGroup, Failure, PageData } from '../page/page-data.ts';
import { el, factList, nameOf, note, section } from './dom.ts';
import { baseName, bytes, count, duration, plural, rate, time } from './format.ts';
import { pagedTable, plainTable, type Column } from './table.ts';

/** What went wrong, and why. */
export function failuresSection({ failures }: PageData): HTMLElement | undefined {
  if (failures.length === 0) return undefined;
  const columns: Column<Failure>[] = [
    { title: 'File', cell: ({ what }) => nameOf(what), value: ({ what }) => what },
    { title: 'Embedder', cell: ({ embedder }) => embedder, value: ({ embedder }) => embedder },
    {
      title: 'What',
      cell: ({ result }) => el('span', `tag result-${result === 'failed' ? 'failed' : 'skipped'}`, result),
      value: ({ result }) => result,
    },
    { title: 'Reason', cell: ({ reason }) => el('span', 'wrap', el('bdi', '', reason)), value: ({ reason }) => reason },
  ];
  return section('failures', 'Failures', pagedTable('Failures', columns, failures));
}

/** Every checkpoint with its size and digest. */
export function checkpointsSection(data: PageData): HTMLElement | undefined {
  const { checkpoints, strings, embedders } = data;
  if (checkpoints.rows.length === 0) return undefined;
  const text = (at: number) => strings[at] ?? '';
  const columns: Column<CheckpointRow>[] = [
    { title: 'Checkpoint', cell: ([path]) => nameOf(text(path)), value: ([path]) => text(path) },
    {
      title: 'Result',
      cell: ([, , , result]) => el('span', `tag result-${result}`, result),
      value: ([, , , result]) => result,
    },
    { title: 'Rows', cell: (row) => known(row[4], count), value: (row) => row[4] },
    { title: 'Size', cell: (row) => known(row[5], bytes), value: (row) => row[5] },
    { title: 'SHA-256', cell: ({ 6: sha256 }) => digest(sha256), value: ({ 6: sha256 }) => sha256 },
    { title: 'Attempts', cell: (row) => known(row[7], count), value: (row) => row[7] },
    { title: 'Embedding', cell: (row) => known(row[8], duration), value: (row) => row[8] },
    { title: 'Input', cell: ([, file]) => shortName(text(file)), value: ([, file]) => baseName(text(file)) },
    {
      title: 'Embedder',
      cell: ([, , embedder]) => embedders[embedder]?.name ?? '',
      value: ([, , embedder]) => embedders[embedder]?.name ?? '',
    },
  ];
  const cut =
    checkpoints.rows.length < checkpoints.total
      ? `The first ${count(checkpoints.rows.length)} of ${plural(checkpoints.total, 'checkpoint')}, those with trouble first.`
      : plural(checkpoints.total, 'checkpoint') + '.';
  const missing = checkpoints.rows.some(
    ({ 3: result, 6: sha256 }) => sha256 === '' && (result === 'embedded' || result === 'found'),
  );
  return section(
    'checkpoints',
    'Checkpoints',
    note(
      `${cut} SHA-256 is that of the file as its worker published it: compare with sha256sum.${missing ? ' Where it is missing, nobody wrote it down.' : ''}`,
    ),
    pagedTable('Checkpoints', columns, checkpoints.rows),
  );
}

/** The last part of a path; all of it where the pointer rests. */
function shortName(path: string): HTMLElement {
  const name = nameOf(baseName(path));
  name.title = path;
  return name;
}

function known(value: number, format: (value: number) => string): string {
  return value < 0 ? '–' : format(value);
}

export function digest(sha256: string): HTMLElement | string {
  if (sha256 === '') return '–';
  const one = el('code', 'digest', sha256);
  one.title = sha256;
  return one;
}

/** What the numbers were made with. */
export function environmentSection({ embedders, environment }: PageData): HTMLElement {
  const cards = embedders.map((one) => {
    const speed =
      one.activeSeconds > 0 && one.computed > 0
        ? `${rate(one.computed / one.activeSeconds)} rows/s while it worked`
        : 'computed nothing in this run';
    return el(
      'div',
      'group',
      el('h3', '', nameOf(one.name)),
      factList([
        ['checkpoints', count(one.tasks)],
        ['rows', `${count(one.rows)}, ${bytes(one.bytes)}`],
        ['computed now', `${plural(one.computed, 'row')}; ${speed}`],
        ...one.fingerprint.map(([name, value]) => [name, nameOf(value, 'wrap')] as const),
        ...one.options.map(([name, value]) => [`option ${name}`, nameOf(value, 'wrap')] as const),
      ]),
    );
  });
  return section('environment', 'Embedders and environment', el('div', 'groups', cards, factGroups(environment)));
}

export function factGroups(groups: readonly FactGroup[]): HTMLElement[] {
  return groups.map(({ title, facts }) =>
    el(
      'div',
      'group',
      el('h3', '', title),
      factList(facts.map(([name, value]) => [name, nameOf(value, 'wrap')] as const)),
    ),
  );
}

/** Runs of this folder, the last one last. */
export function executionsSection({ executions }: Pick<PageData, 'executions'>): HTMLElement | undefined {
  if (executions.length < 2) return undefined;
  const columns: Column<ExecutionRow>[] = [
    { title: 'Started', cell: ({ startedAt }) => time(startedAt), value: ({ startedAt }) => startedAt },
    { title: 'Took', cell: (one) => duration(Math.max(0, took(one))), value: took },
    {
      title: 'Outcome',
      cell: ({ outcome, isThis }) => [outcome, isThis ? ' (this report)' : ''],
      value: ({ outcome }) => outcome,
    },
    { title: 'Found', cell: ({ found }) => count(found), value: ({ found }) => found },
    { title: 'Embedded', cell: ({ embedded }) => count(embedded), value: ({ embedded }) => embedded },
    { title: 'Failed', cell: ({ failed }) => count(failed), value: ({ failed }) => failed },
    { title: 'Rows', cell: ({ rows }) => count(rows), value: ({ rows }) => rows },
  ];
  return section(
    'runs',
    'Runs of this folder',
    note(
      'Each start that came to an end. The timeline above is that of this report’s run; checkpoints of earlier ones are “found”.',
    ),
    plainTable('Runs of this folder', columns, executions),
  );
}

function took({ startedAt, finishedAt }: ExecutionRow): number {
  return (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
}

/** @param sources what the page was made from, besides report.json */
export function notesSection(
  { notes, madeAt }: Pick<PageData, 'notes' | 'madeAt'>,
  sources = 'the timeline and the checkpoints of the run folder',
): HTMLElement {
  const list =
    notes.length === 0
      ? note('Nothing was left out of this page.')
      : el(
          'ul',
          'notes',
          notes.map((one) => el('li', '', el('bdi', '', one))),
        );
  return section(
    'notes',
    'Notes',
    list,
    note(`Made ${time(madeAt)} from report.json, ${sources}. virnucpro report makes it anew.`),
  );
}
