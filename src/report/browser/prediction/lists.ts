import type {
  EmbeddingRow,
  FailureRow,
  FileRow,
  InputRow,
  Link,
  PredictionPageData,
} from '../../prediction/page-data.ts';
import { el, nameOf, note, section, type Content } from '../dom.ts';
import { bytes, count, duration, plural, rate } from '../format.ts';
import { digest } from '../lists.ts';
import { pagedTable, type Column } from '../table.ts';

/** What could not be made, and what the prediction does without. */
export function failuresSection({ failures }: PredictionPageData): HTMLElement | undefined {
  if (failures.length === 0) return undefined;
  const columns: Column<FailureRow>[] = [
    { title: 'File', cell: ({ path }) => nameOf(path), value: ({ path }) => path },
    { title: 'Reason', cell: ({ reason }) => el('span', 'wrap', el('bdi', '', reason)), value: ({ reason }) => reason },
  ];
  return section('failures', 'Failures', pagedTable('Failures', columns, failures));
}

/** Every FASTA file, with its counts and results. */
export function inputsSection({ inputs, inputsTotal, names }: PredictionPageData): HTMLElement | undefined {
  if (inputs.length === 0) return undefined;
  const columns: Column<InputRow>[] = [
    {
      title: 'Input',
      cell: ({ name, path }) => titled(names[name] ?? '', path),
      value: ({ name }) => names[name] ?? '',
    },
    { title: 'Results', cell: resultOf, value: ({ result }) => result },
    { title: 'Viral contigs', cell: (one) => partOf(one.viralContigs, one.contigs), value: (one) => one.viralContigs },
    { title: 'Viral chunks', cell: (one) => partOf(one.viralChunks, one.chunks), value: (one) => one.viralChunks },
    { title: 'Sequences', cell: ({ sequences }) => count(sequences), value: ({ sequences }) => sequences },
    { title: 'Letters', cell: ({ letters }) => count(letters), value: ({ letters }) => letters },
    {
      title: 'Worked',
      cell: ({ seconds }) => (seconds > 0 ? duration(seconds) : '–'),
      value: ({ seconds }) => seconds,
    },
    {
      title: 'Files',
      cell: ({ links }) => linkList(links),
      value: ({ links }) => links.map(({ text }) => text).join(' '),
    },
  ];
  const cut =
    inputs.length < inputsTotal
      ? `${count(inputs.length)} of ${plural(inputsTotal, 'input')}, those that are not complete first.`
      : `${plural(inputsTotal, 'input')}. Links lead to the result files beside this page.`;
  return section('inputs', 'Inputs', note(cut), pagedTable('Inputs', columns, inputs));
}

/** Why it is not complete is among the failures, and where the pointer rests. */
function resultOf({ result, reason = '' }: InputRow): HTMLElement {
  const tag = el('span', `tag result-${result}`, result);
  tag.title = reason;
  return tag;
}

function partOf(part: number, whole: number): string {
  return `${count(part)} of ${count(whole)}`;
}

function titled(text: string, title: string): HTMLElement {
  const name = nameOf(text);
  name.title = title;
  return name;
}

function linkList(links: readonly Link[]): Content {
  return links.map((link, at) => [at === 0 ? '' : ' · ', linkOf(link)]);
}

function linkOf({ text, href }: Link): HTMLElement {
  const link = el('a', '', el('bdi', '', text));
  link.href = href;
  return link;
}

/** The embedding runs, each with a page of its own. */
export function embeddingsSection({ embeddings, names }: PredictionPageData): HTMLElement | undefined {
  if (embeddings.length === 0) return undefined;
  const speed = ({ computed, seconds }: EmbeddingRow) => (computed > 0 && seconds > 0 ? computed / seconds : 0);
  const columns: Column<EmbeddingRow>[] = [
    { title: 'Input', cell: ({ name }) => nameOf(names[name] ?? ''), value: ({ name }) => names[name] ?? '' },
    { title: 'Side', cell: ({ side }) => side, value: ({ side }) => side },
    { title: 'Embedder', cell: ({ embedder }) => nameOf(embedder), value: ({ embedder }) => embedder },
    {
      title: 'Outcome',
      cell: ({ outcome, isNow }) => [el('span', `tag outcome-${outcome}`, outcome), isNow ? '' : ' earlier'],
      value: ({ outcome }) => outcome,
    },
    { title: 'Embedded', cell: ({ embedded }) => count(embedded), value: ({ embedded }) => embedded },
    { title: 'Found', cell: ({ found }) => count(found), value: ({ found }) => found },
    { title: 'Failed', cell: ({ failed }) => count(failed), value: ({ failed }) => failed },
    { title: 'Rows', cell: ({ rows }) => count(rows), value: ({ rows }) => rows },
    { title: 'Took', cell: ({ seconds }) => duration(seconds), value: ({ seconds }) => seconds },
    { title: 'Rows/s', cell: (one) => (speed(one) > 0 ? rate(speed(one)) : '–'), value: speed },
    { title: 'Report', cell: ({ links }) => linkList(links), value: ({ links }) => links.length },
  ];
  return section(
    'embeddings',
    'Embedding runs',
    note(
      'Each side of each input is an embedding run in a folder of its own, with its timeline, checkpoints and failures.',
    ),
    pagedTable('Embedding runs', columns, embeddings),
  );
}

/** What the stages have left, with digests. */
export function resultFilesSection({ files, filesTotal, names }: PredictionPageData): HTMLElement | undefined {
  if (files.length === 0) return undefined;
  const columns: Column<FileRow>[] = [
    { title: 'File', cell: ({ link }) => linkOf(link), value: ({ link }) => link.text },
    { title: 'Size', cell: (one) => bytes(one.bytes), value: (one) => one.bytes },
    { title: 'SHA-256', cell: ({ sha256 }) => digest(sha256), value: ({ sha256 }) => sha256 },
    { title: 'Input', cell: ({ name }) => nameOf(names[name] ?? ''), value: ({ name }) => names[name] ?? '' },
  ];
  const cut = files.length < filesTotal ? `The first ${count(files.length)} of ${plural(filesTotal, 'file')}.` : '';
  return section(
    'files',
    'Files',
    note(
      `${cut} SHA-256 is that of the file when its stage ended: compare with sha256sum. Checkpoints of embeddings are in the reports of their runs.`.trim(),
    ),
    pagedTable('Files', columns, files),
  );
}
