import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkSource } from '../../../src/checkpoint/check-source.ts';
import { CheckpointError } from '../../../src/checkpoint/errors.ts';
import { openCheckpointSync } from '../../../src/checkpoint/open-checkpoint.ts';
import { publishCheckpoint } from '../../../src/checkpoint/publish/publish-checkpoint.ts';
import { arrayRowSource } from '../../../src/checkpoint/row-source.ts';
import type { WrittenKind } from '../../../src/checkpoint/types.ts';
import { validateCheckpointSync } from '../../../src/checkpoint/validate-checkpoint.ts';
import { memorySource } from '../../../src/torch/index.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const DIMS = { nucleotide: 768, protein: 2560, merged: 3328, vectors: 4 } as const;

async function published(kind: WrittenKind): Promise<Buffer> {
  const path = join(await temporaryFolder(), 'x.pt');
  const values = Float32Array.from({ length: 2 * DIMS[kind] }, (_, index) => Math.sin(index + 1));
  await publishCheckpoint(path, { kind, ids: ['a', 'b'], rows: arrayRowSource(values, DIMS[kind]) });
  return readFileSync(path);
}

function resultOf(bytes: Uint8Array): string {
  return checkSource(memorySource(bytes), 'x.pt', { level: 'deep' }).problem?.class ?? 'valid';
}

/** Every offset of a small file; of a large one all near its ends, where the structure is, and one in 31 between. */
function offsets(length: number): number[] {
  const all = Array.from({ length }, (_, offset) => offset);
  return length < 4096 ? all : all.filter((offset) => offset < 1024 || offset >= length - 2048 || offset % 31 === 0);
}

describe.each(['vectors', 'nucleotide', 'protein', 'merged'] as const)('a published %s checkpoint', (kind) => {
  it('cut anywhere → corrupted', async () => {
    const bytes = await published(kind);
    const missed = offsets(bytes.length).filter((length) => resultOf(bytes.subarray(0, length)) !== 'corrupted');
    expect(missed).toEqual([]);
  });

  it('any bit flipped → not valid', async () => {
    const bytes = await published(kind);
    expect(resultOf(bytes)).toBe('valid');
    const missed: string[] = [];
    const bits = kind === 'vectors' ? [0, 1, 2, 3, 4, 5, 6, 7] : [0, 7];
    for (const offset of offsets(bytes.length)) {
      const original = bytes.readUInt8(offset);
      for (const bit of bits) {
        bytes.writeUInt8(original ^ (1 << bit), offset);
        if (resultOf(bytes) === 'valid') missed.push(`bit ${bit} of byte ${offset}`);
      }
      bytes.writeUInt8(original, offset);
    }
    expect(missed).toEqual([]);
  });

  it('bytes added at either end → corrupted', async () => {
    const bytes = await published(kind);
    expect(resultOf(Buffer.concat([bytes, Buffer.of(0)]))).toBe('corrupted');
    expect(resultOf(Buffer.concat([Buffer.of(0), bytes]))).toBe('corrupted');
    expect(resultOf(Buffer.concat([bytes, bytes]))).toBe('corrupted');
  });
});

/** Until it is killed, puts one of two files at TARGET after the other; `overwrite`: into the file that is there, in pieces. */
const REPLACER = `
const { closeSync, ftruncateSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } = require('node:fs');
const [mode, target, ...sources] = process.argv.slice(1);
const contents = sources.map((path) => readFileSync(path));
process.stdout.write('started');
for (let round = 0; ; round++) {
  const bytes = contents[round % contents.length];
  if (mode === 'rename') {
    writeFileSync(target + '.new', bytes);
    renameSync(target + '.new', target);
    continue;
  }
  const file = openSync(target, 'r+');
  for (let at = 0; at < bytes.length; at += 4096) writeSync(file, bytes, at, Math.min(4096, bytes.length - at), at);
  ftruncateSync(file, bytes.length);
  closeSync(file);
}`;

/** Runs `look` again and again while another process replaces the file at `target` by one of `sources`. */
async function whileReplaced(
  mode: 'rename' | 'overwrite',
  target: string,
  sources: readonly string[],
  look: () => void,
): Promise<void> {
  const child = spawn(process.execPath, ['-e', REPLACER, mode, target, ...sources]);
  try {
    await once(child.stdout, 'data');
    for (let round = 0; round < 150; round++) look();
  } finally {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
}

/** What may be found at the place of a file that is replaced by rename. */
const EXPECTED: ReadonlySet<string> = new Set(['200 whole', '300 whole', 'unavailable']);

describe('a checkpoint that another process replaces all the time', () => {
  /** Two checkpoints of different size; every value of one is the number of its rows. */
  async function twoCheckpoints(): Promise<{ target: string; sources: string[] }> {
    const folder = await temporaryFolder();
    const sources = [200, 300].map((rows) => join(folder, `${rows}.pt`));
    for (const path of sources) {
      const rows = Number(basename(path, '.pt'));
      const values = new Float32Array(rows * 64).fill(rows);
      const ids = Array.from({ length: rows }, (_, row) => `of-${rows}-${row}`);
      await publishCheckpoint(path, { kind: 'vectors', ids, rows: arrayRowSource(values, 64) });
    }
    const target = join(folder, 'x.pt');
    copyFileSync(sources[0] ?? '', target);
    return { target, sources };
  }

  it('by rename → one of the two with all of its rows, or unavailable; never corrupted, never mixed', async () => {
    const { target, sources } = await twoCheckpoints();
    const seen = new Map<string, number>();
    await whileReplaced('rename', target, sources, () => {
      const found = openedRows(target);
      seen.set(found, (seen.get(found) ?? 0) + 1);
    });
    const unexpected = [...seen.keys()].filter((found) => !EXPECTED.has(found));
    expect(unexpected).toEqual([]);
    expect((seen.get('200 whole') ?? 0) + (seen.get('300 whole') ?? 0)).toBeGreaterThan(0);
  });

  it('by overwriting it in pieces → valid only as one of the two', async () => {
    const { target, sources } = await twoCheckpoints();
    const sizes = sources.map((path) => statSync(path).size);
    const wrong: string[] = [];
    await whileReplaced('overwrite', target, sources, () => {
      const { result, rows = 0, bytes = 0 } = validateCheckpointSync(target, { level: 'deep' });
      if (result === 'valid' && bytes !== sizes[[200, 300].indexOf(rows)]) wrong.push(`${rows} rows in ${bytes} bytes`);
      if (result === 'incompatible') wrong.push(result);
    });
    expect(wrong).toEqual([]);
  });
});

/** `N whole` for a checkpoint of N rows that holds nothing of another. */
function openedRows(path: string): string {
  try {
    const checkpoint = openCheckpointSync(path, { level: 'deep' });
    try {
      const { rows, ids } = checkpoint;
      const isWhole =
        checkpoint.slice().every((value) => value === rows) && ids.every((id) => id.startsWith(`of-${rows}-`));
      return `${rows} ${isWhole ? 'whole' : 'mixed'}`;
    } finally {
      checkpoint.close();
    }
  } catch (error) {
    if (error instanceof CheckpointError) return error.class;
    throw error;
  }
}
