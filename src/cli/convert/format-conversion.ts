import type { ConvertResult } from '../../checkpoint/index.ts';
import { bytesText, plural, printable } from '../terminal.ts';

/** What was written, for people. */
export function formatConversion({ outcome, output, ids, rows, dim, dtype, kind, bytes }: ConvertResult): string {
  const values = `${plural(rows, 'row')} of ${dim.toLocaleString('en-US')} ${dtype} values (${kind})`;
  const kept = outcome === 'existing' ? '; was there already, with the same content' : '';
  const lines = [`${printable(output)}: ${values}, ${bytesText(bytes)}${kept}`];
  if (ids !== undefined) lines.push(`${printable(ids)}: ${plural(rows, 'id')}, one a line, in the order of the rows`);
  return `${lines.join('\n')}\n`;
}
