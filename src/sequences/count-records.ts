import { openContent } from './content.ts';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const GREATER = 0x3e;

/**
 * How many records a FASTA file has, plain or gzip: lines that begin with `>`. Nothing else is checked.
 *
 * @throws VirnucproError `RunError.InvalidInput` if it is not a file; errno errors and the abort reason pass through
 */
export async function countRecords(path: string, signal?: AbortSignal): Promise<number> {
  const { chunks } = await openContent(path, signal);
  let records = 0;
  let previous = LINE_FEED;
  for await (const chunk of chunks) {
    for (let at = chunk.indexOf(GREATER); at >= 0; at = chunk.indexOf(GREATER, at + 1)) {
      const before = at === 0 ? previous : chunk[at - 1];
      if (before === LINE_FEED || before === CARRIAGE_RETURN) records += 1;
    }
    previous = chunk.at(-1) ?? previous;
  }
  return records;
}
