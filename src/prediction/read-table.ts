import { errnoOf } from '../checkpoint/errors.ts';
import { isOverlong, readLineBlocks } from './results/lines.ts';

/**
 * Rows of a tab-separated file without its first line, some at a time, so that a file of any size takes little memory.
 *
 * @returns nothing where there is no such file, and nothing more from a line on that no table has: a report tells what can be
 *   told, the stage that the file belongs to says what is wrong with it
 * @throws errno errors; the reason of `signal`
 */
export async function* readTable(file: string, signal?: AbortSignal): AsyncGenerator<string[][]> {
  let isHeader = true;
  try {
    for await (const lines of readLineBlocks(file, signal)) {
      const rows = isHeader ? lines.slice(1) : lines;
      isHeader &&= lines.length === 0;
      yield rows.map((line) => line.split('\t'));
    }
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' && !isOverlong(error)) throw error;
  }
}
