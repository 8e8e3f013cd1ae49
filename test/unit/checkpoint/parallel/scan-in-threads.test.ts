import { truncateSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { scanInThreads } from '../../../../src/checkpoint/parallel/scan-in-threads.ts';
import { RowFindings } from '../../../../src/checkpoint/row-findings.ts';
import { memorySource, openFileSource } from '../../../../src/torch/index.ts';
import type { FileSource } from '../../../../src/torch/index.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const DIM = 48;
const ROWS = 20_000;
/** What lies before the storage in the file. */
const BEFORE = 192;
const SMALL = { minBytes: 0, pieceBytes: 1 << 17 };
const ids = { count: ROWS, all: () => Array.from({ length: ROWS }, (_, row) => `r${row}`) };
const never = (): void => undefined;

const opened: FileSource[] = [];
afterEach(() => {
  for (const source of opened.splice(0)) source.close();
});

async function makeFile(change: (values: Float32Array) => void = never): Promise<{ path: string; storage: Buffer }> {
  const values = Float32Array.from({ length: ROWS * DIM }, (_, i) => 1 + (i % 1000));
  change(values);
  const storage = Buffer.from(values.buffer);
  const path = join(await temporaryFolder(), 'rows');
  writeFileSync(path, Buffer.concat([Buffer.alloc(BEFORE), storage]));
  return { path, storage };
}

function open(path: string): FileSource {
  const source = openFileSource(path);
  opened.push(source);
  return source;
}

const rows = { dataOffset: BEFORE, firstRow: 0, end: ROWS * DIM * 4, rowBytes: DIM * 4 };

describe.skipIf(availableParallelism() < 2)('scanInThreads', () => {
  it('rows in many pieces → the CRC of the storage, nothing found', async () => {
    const { path, storage } = await makeFile();
    const findings = new RowFindings();
    expect(scanInThreads(open(path), rows, findings, never, SMALL)).toBe(crc32(storage));
    expect([findings.problem(ids), findings.warning(ids)]).toEqual([undefined, undefined]);
  });

  it('rows that are not finite or all zero in several pieces → all counted, the first named', async () => {
    const { path, storage } = await makeFile((values) => {
      for (const row of [19_999, 7, 12_000, 682, 683]) values[row * DIM + 5] = row % 2 === 0 ? Infinity : NaN;
      for (const row of [18_000, 3]) values.fill(-0, row * DIM, (row + 1) * DIM);
    });
    const findings = new RowFindings();
    expect(scanInThreads(open(path), rows, findings, never, SMALL)).toBe(crc32(storage));
    expect(findings.problem(ids)).toBe(
      '5 rows hold NaN or Inf, first row 7 ("r7"), row 682 ("r682"), row 683 ("r683")',
    );
    expect(findings.warning(ids)).toBe('2 rows all zero, first row 3 ("r3"), row 18000 ("r18000")');
  });

  it('threads that cannot read the file → the calling thread does it alone', async () => {
    const { path, storage } = await makeFile();
    const source = open(path);
    const blind = { size: source.size, descriptor: -1, readInto: source.readInto.bind(source) };
    expect(scanInThreads(blind, rows, new RowFindings(), never, SMALL)).toBe(crc32(storage));
  });

  it('a file that has become shorter → the error of reading it', async () => {
    const { path } = await makeFile();
    const source = open(path);
    truncateSync(path, BEFORE + 1000);
    const scan = (): unknown => scanInThreads(source, rows, new RowFindings(), never, SMALL);
    expect(scan).toThrow(/ended at byte 1192 while it was read/u);
  });

  it('a beat that throws → its error', async () => {
    const { path } = await makeFile();
    let beats = 0;
    const beat = (): void => {
      if (++beats > 2) throw new Error('enough');
    };
    expect(() => scanInThreads(open(path), rows, new RowFindings(), beat, SMALL)).toThrow('enough');
  });

  it('a small storage, bytes in memory, rows longer than a piece → undefined, and nothing was read', async () => {
    const { path, storage } = await makeFile();
    const refuse = (): void => {
      throw new Error('read');
    };
    const findings = new RowFindings();
    expect(scanInThreads(open(path), rows, findings, refuse)).toBeUndefined();
    expect(scanInThreads(memorySource(storage), rows, findings, refuse, SMALL)).toBeUndefined();
    expect(scanInThreads(open(path), { ...rows, rowBytes: 1 << 20 }, findings, refuse, SMALL)).toBeUndefined();
  });
});
