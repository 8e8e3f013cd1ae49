import type { PageData, Summary } from '../page/page-data.ts';
import { el, nameOf, section, type Content } from './dom.ts';
import { bytes, count, duration, plural, time } from './format.ts';

export const OUTCOMES: Readonly<Record<Summary['outcome'], string>> = {
  success: 'Success',
  partial: 'Partial',
  checkpoint: 'Stopped on a checkpoint',
  failed: 'Failed',
  cancelled: 'Cancelled',
};

/** What came of the run, and what to do where it is not success. */
export function summarySection(data: PageData): HTMLElement {
  const { summary, embedders } = data;
  const badge = el('span', `badge outcome-${summary.outcome}`, OUTCOMES[summary.outcome] ?? summary.outcome);
  const exit = el('span', 'muted', `exit code ${summary.exitCode}`);
  return el(
    'header',
    'card top',
    el('p', 'product', 'virnucpro run report'),
    el('h1', '', nameOf(data.title)),
    el('p', 'outcome', badge, exit),
    summary.error?.message === summary.message ? undefined : el('p', 'message', summary.message),
    summary.error && el('p', 'error', el('strong', '', summary.error.type), ' ', summary.error.message),
    tiles(summary),
    el(
      'p',
      'muted small',
      `${time(summary.startedAt)} to ${time(summary.finishedAt)} · ${embedders.map(({ name }) => name).join(', ') || 'no embedder'} · `,
      nameOf(data.directory),
    ),
  );
}

function tiles(summary: Summary): HTMLElement {
  const { tasks, found, embedded, failed, skipped, skippedSequences, rows, seconds, files } = summary;
  const done = found + embedded;
  return el(
    'ul',
    'tiles',
    tile('Checkpoints', `${count(done)} of ${count(tasks)}`, `${count(embedded)} embedded, ${count(found)} found`),
    tile(
      'Failed',
      count(failed),
      skipped === 0 ? 'to embed' : `and ${count(skipped)} bad ones left`,
      failed + skipped > 0,
    ),
    tile(
      'Rows',
      count(rows),
      skippedSequences === 0 ? `in ${plural(files, 'file')}` : `${plural(skippedSequences, 'sequence')} skipped`,
      skippedSequences > 0,
    ),
    tile('Size', bytes(summary.bytes), 'of all checkpoints'),
    tile('Duration', duration(seconds), 'from start to report'),
  );
}

export function tile(title: string, value: string, detail: string, isBad = false): HTMLElement {
  return el(
    'li',
    isBad ? 'tile bad' : 'tile',
    el('span', 'tile-title', title),
    el('span', 'tile-value', value),
    el('span', 'muted small', detail),
  );
}

/** What to do next; nothing where the run was a success. */
export function nextSection({ summary }: PageData): HTMLElement | undefined {
  const steps: Content[] = summary.next.map((step) => el('li', '', step));
  if (summary.validationSkipped) {
    steps.push(
      el(
        'li',
        '',
        'Found checkpoints were not validated (--skip-checkpoint-validation): run virnucpro validate-checkpoints on the folder before you rely on them.',
      ),
    );
  }
  if (steps.length === 0) return undefined;
  return section('next', 'What to do next', el('ol', 'next', steps));
}
