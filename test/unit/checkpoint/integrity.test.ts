import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkSource } from '../../../src/checkpoint/check-source.ts';
import { publishCheckpoint } from '../../../src/checkpoint/publish/publish-checkpoint.ts';
import { arrayRowSource } from '../../../src/checkpoint/row-source.ts';
import type { WrittenKind } from '../../../src/checkpoint/types.ts';
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
