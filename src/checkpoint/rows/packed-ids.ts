import { setImmediate } from 'node:timers/promises';

/**
 * Ids as they cross from thread to thread: cloning a million strings one by one would hold up the receiver for as long as
 * reading the file does. Each block is the ids in one text, and their lengths in UTF-16 units.
 */
export type PackedIds = readonly { readonly text: string; readonly lengths: Uint32Array }[];

/** Ids of one block: what is unpacked in about a millisecond. */
const BLOCK_IDS = 1 << 14;
/** Far below the longest string that V8 can make (2^29 units). */
const BLOCK_UNITS = 1 << 24;

export function packIds(ids: readonly string[]): PackedIds {
  const blocks: { text: string; lengths: Uint32Array }[] = [];
  for (let start = 0; start < ids.length;) {
    const block = ids.slice(start, start + countThatFits(ids, start));
    blocks.push({ text: block.join(''), lengths: Uint32Array.from(block, ({ length }) => length) });
    start += block.length;
  }
  return blocks;
}

/** At least one, however long it is. */
function countThatFits(ids: readonly string[], start: number): number {
  let units = ids[start]?.length ?? 0;
  let count = 1;
  while (count < BLOCK_IDS && start + count < ids.length) {
    units += ids[start + count]?.length ?? 0;
    if (units > BLOCK_UNITS) break;
    count++;
  }
  return count;
}

export function unpackIds(packed: PackedIds): string[] {
  const ids: string[] = [];
  for (const block of packed) unpackBlock(block, ids);
  return ids;
}

/** {@link unpackIds}, with a turn of the event loop between blocks. */
export async function unpackIdsInTurns(packed: PackedIds): Promise<string[]> {
  const ids: string[] = [];
  for (const [index, block] of packed.entries()) {
    if (index > 0) await setImmediate();
    unpackBlock(block, ids);
  }
  return ids;
}

function unpackBlock({ text, lengths }: PackedIds[number], ids: string[]): void {
  let start = 0;
  for (const length of lengths) {
    ids.push(text.slice(start, start + length));
    start += length;
  }
}
