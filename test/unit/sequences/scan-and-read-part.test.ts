import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { chunkSequence, readFasta, readPart, scanFile } from '../../../src/sequences/index.ts';
import type { FilePart, PartLocation, ReadPartOptions, SequenceWindow } from '../../../src/sequences/index.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const LAMBDA = new URL('../../../../shared/data/lambda_phage.fa', import.meta.url).pathname;

async function write(content: string | Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(), 'in.fa');
  await writeFile(path, content);
  return path;
}

async function scan(path: string, sequencesPerFile: number, chunkLength?: number) {
  const parts: FilePart[] = [];
  const summary = await scanFile(path, { sequencesPerFile, chunkLength, onPart: (part) => void parts.push(part) });
  return { parts, summary };
}

async function windows(path: string, part: PartLocation, options: ReadPartOptions): Promise<SequenceWindow[]> {
  const found: SequenceWindow[] = [];
  for await (const window of readPart(path, part, options)) found.push(window);
  return found;
}

async function expectedWindows(path: string, chunkLength?: number): Promise<SequenceWindow[]> {
  const found: SequenceWindow[] = [];
  for await (const { id, sequence } of readFasta(path)) {
    const pieces = chunkLength === undefined ? [{ id, sequence }] : chunkSequence(id, sequence, chunkLength);
    for (const piece of pieces) found.push({ ...piece, ordinal: found.length });
  }
  return found;
}

/** Records of 1 to 60 letters, each different, with the line ends and wraps that occur. */
function sample(lineEnd: string): string {
  const records = Array.from({ length: 23 }, (_, index) => {
    const sequence = 'ACGTTGCA'.repeat(8).slice(index % 7, 1 + (index % 7) + ((index * 37) % 60));
    return `>r${index} record ${index}${lineEnd}${sequence.slice(0, 20)}${lineEnd}${sequence.slice(20)}${lineEnd}`;
  });
  return records.join('');
}

describe('scanFile and readPart', () => {
  const contents: [string, string | Buffer][] = [
    ['LF', sample('\n')],
    ['CRLF with a byte order mark', `\u{feff}${sample('\r\n')}`],
    ['CR', sample('\r')],
    ['gzip', gzipSync(sample('\n'))],
    ['gzip of two members', Buffer.concat([gzipSync(sample('\n').slice(0, 333)), gzipSync(sample('\n').slice(333))])],
  ];
  test.each(contents)('%s: the parts together → every window once, in order', async (_title, content) => {
    const path = await write(content);
    for (const chunkLength of [undefined, 7, 500]) {
      const expected = await expectedWindows(path, chunkLength);
      for (const sequencesPerFile of [1, 2, 5, 1000]) {
        const { parts, summary } = await scan(path, sequencesPerFile, chunkLength);
        const { gzip } = summary;
        const found: SequenceWindow[] = [];
        for (const part of parts) found.push(...(await windows(path, part, { chunkLength, gzip })));
        expect(found).toEqual(expected);
        expect(parts.flatMap(({ ids }) => ids)).toEqual(expected.map(({ id }) => id));
        expect(parts.map(({ number }) => number)).toEqual(parts.map((_, index) => index + 1));
        expect(parts.slice(0, -1).every(({ count }) => count === sequencesPerFile)).toBe(true);
        expect(summary.windows).toBe(expected.length);
      }
    }
  });

  test('a file → digest and size of the decompressed content, records, letters', async () => {
    const text = '>a\nacGT\n>b\nNN*-U\n';
    const expected = {
      sha256: createHash('sha256').update(text).digest('hex'),
      bytes: text.length,
      records: 2,
      windows: 2,
      letters: new Map(Object.entries({ A: 1, C: 1, G: 1, T: 1, N: 2, '*': 1, '-': 1, U: 1 })),
    };
    const plain = await scan(await write(text), 10);
    const packed = await scan(await write(gzipSync(text)), 10);
    expect(plain.summary).toMatchObject({ ...expected, gzip: false });
    expect(packed.summary).toMatchObject({ ...expected, gzip: true });
    expect(new Map(plain.summary.letters)).toEqual(expected.letters);
  });

  test('empty records that are to be kept → counted, without windows', async () => {
    const path = await write('>a\n\n>b\nACGTA\n>c\n');
    const parts: FilePart[] = [];
    const onPart = (part: FilePart) => void parts.push(part);
    const summary = await scanFile(path, { sequencesPerFile: 10, chunkLength: 3, emptyRecords: 'keep', onPart });
    expect(summary).toMatchObject({ records: 3, emptyRecords: 2, windows: 2 });
    expect(parts.map(({ ids }) => ids)).toEqual([['b_chunk_1', 'b_chunk_2']]);
  });

  test('a slow taker → parts one at a time', async () => {
    const path = await write(sample('\n'));
    let open = 0;
    const seen: number[] = [];
    await scanFile(path, {
      sequencesPerFile: 4,
      async onPart({ number }) {
        expect(++open).toBe(1);
        await setTimeout(2);
        seen.push(number);
        open -= 1;
      },
    });
    expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('duplicate ids, also over part borders → refused naming both lines', async () => {
    const path = await write('>a\nA\n>b\nC\n>c\nG\n>a\nT\n');
    await expect(scan(path, 1)).rejects.toMatchObject({
      type: FailureType.RunInvalidInput,
      message: expect.stringContaining(`${path}:7: duplicate id "a", already on line 1`),
    });
  });

  test('abort while parts are taken → its reason', async () => {
    const path = await write(sample('\n').repeat(1));
    const abort = new AbortController();
    const reason = new Error('enough');
    const onPart = (): void => abort.abort(reason);
    const options = { sequencesPerFile: 1, signal: abort.signal, onPart };
    await expect(scanFile(path, options)).rejects.toBe(reason);
    const part = { first: 0, count: 5, byteOffset: 0, skipWindows: 0 };
    await expect(windows(path, part, { gzip: false, signal: abort.signal })).rejects.toBe(reason);
  });

  test.runIf(existsSync(LAMBDA))('lambda phage in chunks of 500 → 98 windows, four parts', async () => {
    const { parts, summary } = await scan(LAMBDA, 25, 500);
    expect(summary).toMatchObject({ records: 1, windows: 98, gzip: false });
    expect(parts.map(({ count }) => count)).toEqual([25, 25, 25, 23]);
    const last = await windows(LAMBDA, parts[3] as FilePart, { chunkLength: 500, gzip: false });
    expect(last.at(-1)?.id).toBe(`${parts[0]?.ids[0]?.replace(/_chunk_1$/u, '')}_chunk_98`);
  });
});

describe('readPart of an input that changed since the scan → refused', () => {
  const before = '>a\nAC\n>b\nGG\n>c\nTT\n>d\nAA\n';
  const changes: [string, string | Buffer, string][] = [
    ['records missing', '>a\nAC\n>b\nGG\n>c\nTT\n', 'expected 2 sequences from byte 12 on, found 1'],
    ['cut within', '>a\nAC\n>b\nGG\n', 'found an empty file|only blank lines'],
    ['offset inside a record', '>aaa\nAC\n>b\nGG\n>c\nTT\n>d\nAA\n', 'expected FASTA'],
    ['other ids', '>a\nAC\n>b\nGG\n>x\nTT\n>d\nAA\n', 'expected the id "c", found "x"'],
    ['other sequence, same ids', '>a\nAC\n>b\nGG\n>c\nTA\n>d\nAA\n', 'the sequences from byte 12 on are not the same'],
    ['compressed meanwhile', gzipSync(before), 'expected plain text, found gzip'],
  ];
  test.each(changes)('%s', async (_title, after, message) => {
    const path = await write(before);
    const { parts } = await scan(path, 2);
    await writeFile(path, after);
    const error = await windows(path, parts[1] as FilePart, { gzip: false }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ type: FailureType.RunInvalidInput });
    expect((error as Error).message).toMatch(new RegExp(`^${path}: the input changed since .*(${message})`, 'u'));
  });
});
