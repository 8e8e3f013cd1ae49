import { quote } from '../../checkpoint/text.ts';
import { isSameScore, parseResultLine, RESULTS_HEADER, resultLine, type ResultRow } from './results-format.ts';
import type { TableFormat } from './table-output.ts';

/** prediction_results.txt. One that VirNucPro itself wrote has scores of its own device, in more digits perhaps. */
export const RESULTS_TABLE: TableFormat<ResultRow> = {
  header: RESULTS_HEADER,
  line: resultLine,
  difference: (line, row) => {
    const found = parseResultLine(line);
    if (found === undefined) return `expected a prediction for "${row.id}", found ${quote(line)}`;
    if (found.id !== row.id) return `expected "${row.id}", found ${quote(found.id)}`;
    if (isSameScore(found.score1, row.score1) && isSameScore(found.score2, row.score2)) return undefined;
    return `"${row.id}": expected the scores ${row.score1} and ${row.score2}, found ${found.score1} and ${found.score2}`;
  },
};
