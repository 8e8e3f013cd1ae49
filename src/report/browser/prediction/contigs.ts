import type { ContigRow, PredictionPageData } from '../../prediction/page-data.ts';
import { el, nameOf, note, section } from '../dom.ts';
import { count, percent, plural } from '../format.ts';
import { pagedTable, type Column } from '../table.ts';

/** Every contig with its call, the viral ones first. */
export function contigsSection({ contigs, names }: PredictionPageData): HTMLElement | undefined {
  const { rows, total, viral } = contigs;
  if (total === 0) return undefined;
  const cut =
    rows.length < total
      ? `${count(rows.length)} of ${plural(total, 'contig')} are listed, viral ones first; prediction_results_contigs.tsv of each input has all.`
      : `${plural(total, 'contig')}, ${count(viral)} of them viral.`;
  const rule =
    'A contig is called virus where at least half of its classified chunks are viral. Scores are those of class virus; mean and max are of the best score of each chunk.';
  return section('contigs', 'Contigs', note(`${cut} ${rule}`), pagedTable('Contigs', columns(names), rows));
}

function columns(names: readonly string[]): Column<ContigRow>[] {
  return [
    { title: 'Contig', cell: ([, contig]) => nameOf(contig), value: ([, contig]) => contig },
    { title: 'Call', cell: ([, , call]) => el('span', `tag call-${call}`, call), value: ([, , call]) => call },
    { title: 'Mean score', cell: (row) => score(row[7]), value: (row) => row[7] },
    { title: 'Max score', cell: (row) => score(row[8]), value: (row) => row[8] },
    {
      title: 'Viral chunks',
      cell: ({ 5: classified, 6: viral }) => `${count(viral)} of ${count(classified)}${shareOf(viral, classified)}`,
      value: ({ 5: classified, 6: viral }) => (classified === 0 ? -1 : viral / classified),
    },
    { title: 'Chunks', cell: ({ 4: chunks }) => count(chunks), value: ({ 4: chunks }) => chunks },
    { title: 'Length', cell: ({ 3: length }) => count(length), value: ({ 3: length }) => length },
    ...(names.length < 2
      ? []
      : [
          {
            title: 'Input',
            cell: ([name]: ContigRow) => nameOf(names[name] ?? ''),
            value: ([name]: ContigRow) => names[name] ?? '',
          },
        ]),
  ];
}

function score(value: number): string {
  return value < 0 ? '–' : value.toFixed(4);
}

function shareOf(part: number, whole: number): string {
  return whole === 0 ? '' : ` (${percent(part / whole)})`;
}
