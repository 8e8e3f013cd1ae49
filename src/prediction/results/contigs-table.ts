import { quote } from '../../checkpoint/text.ts';
import type { CalledContig } from './chunk-scores.ts';
import { scoreText } from './score-text.ts';
import type { TableFormat } from './table-output.ts';

const HEADER = ['contig', 'length', 'chunks', 'classified_chunks', 'viral_chunks', 'mean_score', 'max_score', 'call'];

/** prediction_results_contigs.tsv, which VirNucPro itself does not write. */
export const CONTIGS_TABLE: TableFormat<CalledContig> = {
  header: HEADER.join('\t'),
  line: contigLine,
  difference: (line, contig) =>
    `${line}\n` === contigLine(contig) ? undefined : `expected "${contigLine(contig).trimEnd()}", found ${quote(line)}`,
};

function contigLine(contig: CalledContig): string {
  const { id, length, chunks, classifiedChunks, viralChunks, meanScore, maxScore, call } = contig;
  const scores = [meanScore, maxScore].map((score) => (score === undefined ? '' : scoreText(score)));
  return `${[id, length, chunks, classifiedChunks, viralChunks, ...scores, call].join('\t')}\n`;
}
