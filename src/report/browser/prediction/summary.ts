import type { PredictionPageData, PredictionSummary } from '../../prediction/page-data.ts';
import { el, nameOf, section, type Content } from '../dom.ts';
import { count, duration, percent, plural, time } from '../format.ts';
import { OUTCOMES, tile } from '../summary.ts';

/** What came of the prediction. */
export function predictionSummary({ summary, title, directory }: PredictionPageData): HTMLElement {
  const badge = el('span', `badge outcome-${summary.outcome}`, OUTCOMES[summary.outcome] ?? summary.outcome);
  const exit = el('span', 'muted', `exit code ${summary.exitCode}`);
  return el(
    'header',
    'card top',
    el('p', 'product', 'virnucpro prediction report'),
    el('h1', '', nameOf(title)),
    el('p', 'outcome', badge, exit),
    summary.error?.message === summary.message ? undefined : el('p', 'message', summary.message),
    summary.error && el('p', 'error', el('strong', '', summary.error.type), ' ', summary.error.message),
    tiles(summary),
    el(
      'p',
      'muted small',
      `${time(summary.startedAt)} to ${time(summary.finishedAt)} · ${summary.embedders.join(' and ') || 'no embedders'} · `,
      summary.classifier === undefined ? 'no classifier' : nameOf(summary.classifier),
      ' · ',
      nameOf(directory),
    ),
  );
}

function tiles(summary: PredictionSummary): HTMLElement {
  const { contigs, viralContigs, chunks, viralChunks, sequences, inputs, predicted, embedding, seconds } = summary;
  return el(
    'ul',
    'tiles',
    tile('Viral contigs', count(viralContigs), `of ${plural(contigs, 'contig')}${shareOf(viralContigs, contigs)}`),
    tile('Viral chunks', count(viralChunks), `of ${plural(chunks, 'chunk')}${shareOf(viralChunks, chunks)}`),
    tile('Sequences', count(sequences), 'translated frames classified'),
    tile('Inputs', `${count(predicted)} of ${count(inputs)}`, 'with complete results', predicted < inputs),
    tile(
      'Embeddings',
      `${count(embedding.found + embedding.embedded)} of ${count(embedding.tasks)}`,
      `${count(embedding.embedded)} embedded, ${count(embedding.found)} found`,
      embedding.failed + embedding.skipped > 0,
    ),
    tile('Duration', duration(seconds), 'from start to report'),
  );
}

function shareOf(part: number, whole: number): string {
  return whole === 0 ? '' : `, ${percent(part / whole)}`;
}

/** What to do next; nothing where the prediction was a success. */
export function predictionNext({ summary }: PredictionPageData): HTMLElement | undefined {
  const steps: Content[] = summary.next.map((step) => el('li', '', step));
  if (summary.validationSkipped) {
    const text =
      'Files and checkpoints that were found were not validated (--skip-checkpoint-validation): start the same command without it before you rely on the results.';
    steps.push(el('li', '', text));
  }
  return steps.length === 0 ? undefined : section('next', 'What to do next', el('ol', 'next', steps));
}
