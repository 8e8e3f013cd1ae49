import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { FastaParser, MAX_ID_BYTES } from '../../../src/sequences/fasta-parser.ts';
import { readFasta } from '../../../src/sequences/index.ts';
import type { FastaRecord } from '../../../src/sequences/index.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

async function inputFile(content: string | Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(), 'in.fa');
  await writeFile(path, content);
  return path;
}

async function recordsOf(path: string, signal?: AbortSignal): Promise<FastaRecord[]> {
  const records: FastaRecord[] = [];
  for await (const record of readFasta(path, signal)) records.push(record);
  return records;
}

function brief(records: FastaRecord[]): string[] {
  return records.map(({ id, sequence, line }) => `${line} ${id} ${sequence}`);
}

async function read(content: string | Uint8Array): Promise<string[]> {
  return brief(await recordsOf(await inputFile(content)));
}

async function failure(content: string | Uint8Array): Promise<{ type: string; message: string }> {
  const path = await inputFile(content);
  const error = await recordsOf(path).then(
    () => expect.fail('it was accepted'),
    (reason: { type: string; message: string }) => reason,
  );
  return { type: error.type, message: error.message.replaceAll(path, 'in.fa') };
}

describe('readFasta: accepted', () => {
  test.each([
    ['plain records', '>a one\nACGT\n>b\nAC\nGT\n', ['1 a ACGT', '3 b ACGT']],
    ['CRLF', '>a one\r\nACGT\r\n>b\r\nAC\r\nGT\r\n', ['1 a ACGT', '3 b ACGT']],
    ['CR alone', '>a one\rACGT\r\r>b two\rAC\rGT\r', ['1 a ACGT', '4 b ACGT']],
    ['CR alone in a file of LF and CRLF', '>a one\rAC\n>b\nA\r>c x\r\nGT', ['1 a AC', '3 b A', '5 c GT']],
    ['byte order mark', '\u{feff}>a\nACGT\n', ['1 a ACGT']],
    ['lower case → upper case', '>a\nacgtn\n', ['1 a ACGTN']],
    ['blank lines anywhere', '\n\n>a\n\nAC\n\nGT\n\n>b\nA\n\n', ['3 a ACGT', '9 b A']],
    ['no line feed at the end', '>a\nACGT', ['1 a ACGT']],
    ['white space in and around sequence lines', '>a\n AC GT\t\n', ['1 a ACGT']],
    ['stops and gaps', '>p\nMKV*-\n', ['1 p MKV*-']],
    ['tab ends the id', '>a\tdescription > more\nAC\n', ['1 a AC']],
    ['UTF-8 in ids and any bytes in descriptions', '>ä \u{1}é\nAC\n', ['1 ä AC']],
  ])('%s', async (_title, content, expected) => {
    expect(await read(content)).toEqual(expected);
    expect(await read(gzipSync(content))).toEqual(expected);
  });

  test('gzip of several members, cut anywhere → one text', async () => {
    const text = '>a\nACGT\n>b\nGGTT\n';
    for (let cut = 0; cut <= text.length; cut++) {
      const members = Buffer.concat([gzipSync(text.slice(0, cut)), gzipSync(text.slice(cut))]);
      expect(await read(members)).toEqual(['1 a ACGT', '3 b GGTT']);
    }
  });

  test.each([
    ['LF and CRLF', '\u{feff}\r\n>a x\r\nAC\r\ngt\r\n\r\n>b>c\nNN-*\n>d\n \nA'],
    ['CR', '\u{feff}\r>a x\rAC\rgt\r\r>b>c\rNN-*\r>d\r \rA'],
    ['CR, LF and CRLF', '\u{feff}\r>a x\r\r\nAC\ngt\r\r>b>c\r\nNN-*\n\r>d\n \rA'],
  ])('%s in chunks of any size → the same records, lines, offsets and letters', (_, content) => {
    const text = Buffer.from(content);
    const whole = parse(text, [text.length]);
    expect(whole.records.map(({ id, sequence, byteOffset }) => [id, sequence, byteOffset])).toEqual([
      ['a', 'ACGT', text.indexOf('>a')],
      ['b>c', 'NN-*', text.indexOf('>b')],
      ['d', 'A', text.indexOf('>d')],
    ]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (sizes) => {
        expect(parse(text, sizes)).toEqual(whole);
      }),
    );
  });

  test('a record much longer than the read buffer → whole', async () => {
    const sequence = 'ACGTTGCAAC'.repeat(200_000);
    const records = await recordsOf(await inputFile(`>chromosome\n${sequence}\n>b\nA\n`));
    expect(records[0]?.sequence === sequence).toBe(true);
    expect(records[1]).toEqual({ id: 'b', sequence: 'A', line: 3 });
  });
});

function parse(text: Buffer, sizes: number[]) {
  const parser = new FastaParser('in.fa');
  const records = [];
  for (let at = 0, turn = 0; at < text.length; turn++) {
    const size = sizes[turn % sizes.length] as number;
    records.push(...parser.push(text.subarray(at, at + size)));
    at += size;
  }
  records.push(parser.end());
  return { records, letters: parser.letters };
}

describe('readFasta: refused with RunError.InvalidInput', () => {
  test.each([
    ['empty file', '', 'in.fa: expected FASTA records, found an empty file; check how the file was made'],
    ['blank lines only', '\n \n', 'in.fa: expected FASTA records, found only blank lines; check how the file was made'],
    [
      'gzip of nothing',
      gzipSync(''),
      'in.fa: expected FASTA records, found an empty file; check how the file was made',
    ],
    ['text', '\nhello', 'in.fa:2: expected FASTA (">"), found "h"; is this a FASTA file?'],
    ['FASTQ', '@r1\nACGT\n+\nIIII\n', 'in.fa:1: expected FASTA (">"), found "@": this looks like FASTQ; convert it'],
    ['binary', Buffer.from([0x00, 0xff]), 'in.fa:1: expected FASTA (">"), found byte 0x00: binary data'],
    [
      'UTF-16',
      Buffer.from('\u{feff}>a\nAC\n', 'utf16le'),
      'in.fa:1: expected FASTA (">"), found byte 0xff: binary data',
    ],
    ['no sequence', '>a\nAC\n>b x\n\n>c\nA\n', 'in.fa:3: record "b" has no sequence; add it or remove the record'],
    ['no sequence at the end', '>a\nAC\n>b', 'in.fa:3: record "b" has no sequence; add it or remove the record'],
    ['duplicate ids', '>a x\nAC\n>b\nA\n>a y\nC\n', 'in.fa:5: duplicate id "a", already on line 1; ids must be unique'],
    ['no id', '>\nAC\n', 'in.fa:1: expected an id right after ">", found none; give every record a name'],
    ['space before the id', '>a\nA\n> b\nAC\n', 'in.fa:3: expected an id right after ">", found none'],
    ['digit', '>a\nAC\nA1\n', 'in.fa:3: expected IUPAC letters, "*" or "-", found "1" in the sequence of "a": remove'],
    [
      '">" inside a line',
      '>a\nAC>b\n',
      'in.fa:2: expected IUPAC letters, "*" or "-", found ">" in the sequence of "a"',
    ],
    [
      'NUL',
      '>a\nA\0C\n',
      'in.fa:2: expected IUPAC letters, "*" or "-", found byte 0x00 in the sequence of "a": binary',
    ],
    [
      'control character in an id',
      '>a\u{1}\nAC\n',
      'in.fa:1: expected FASTA text, found byte 0x01 in an id: binary data',
    ],
    [
      'id that is not UTF-8',
      Buffer.from('>\xe4\nAC\n', 'latin1'),
      'in.fa:1: expected an id in UTF-8, found other bytes',
    ],
    ['endless id', `>${'x'.repeat(MAX_ID_BYTES + 1)}`, `in.fa:1: expected an id of at most ${MAX_ID_BYTES} bytes`],
    [
      'long id',
      `>${'x'.repeat(MAX_ID_BYTES + 1)} x\nAC\n`,
      `in.fa:1: expected an id of at most ${MAX_ID_BYTES} bytes, `,
    ],
    ['damaged gzip', damaged(gzipSync('>a\nACGT\n')), 'in.fa: gzip data are damaged (incorrect data check); copy'],
  ])('%s', async (_title, content, message) => {
    const found = await failure(content);
    expect(found.type).toBe(FailureType.RunInvalidInput);
    expect(found.message).toContain(message);
  });

  test('gzip cut at any byte → truncated, never fewer records', async () => {
    const whole = gzipSync('>a\nACGTACGT\n>b\nGGGGCCCC\n');
    for (let length = 2; length < whole.length; length++) {
      const found = await failure(whole.subarray(0, length));
      expect(found).toEqual({
        type: FailureType.RunInvalidInput,
        message: 'in.fa: gzip data end too early: the file is truncated; copy or download it again',
      });
    }
  });

  test('a folder → named', async () => {
    const folder = join(await temporaryFolder(), 'folder');
    await mkdir(folder);
    await expect(recordsOf(folder)).rejects.toThrow(`${folder}: is a folder, expected a FASTA file`);
  });
});

function damaged(bytes: Buffer): Buffer {
  // The last 8 bytes of a member are its CRC-32 and length (RFC 1952, 2.3.1).
  bytes.writeUInt8((bytes.at(-8) as number) ^ 1, bytes.length - 8);
  return bytes;
}

describe('readFasta: empty records that are to be kept', () => {
  test('in the middle and at the end → records with empty sequences', async () => {
    const path = await inputFile('>a\nAC\n>b x\n\n>c\nA\n>d');
    const records: FastaRecord[] = [];
    for await (const record of readFasta(path, undefined, 'keep')) records.push(record);
    expect(brief(records)).toEqual(['1 a AC', '3 b ', '5 c A', '7 d ']);
  });
});

describe('readFasta: passed on', () => {
  test('absent file → ENOENT', async () => {
    await expect(recordsOf(join(await temporaryFolder(), 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('abort → its reason', async () => {
    const abort = new AbortController();
    const path = await inputFile('>a\nA\n>b\nC\n');
    const reason = new Error('enough');
    abort.abort(reason);
    await expect(recordsOf(path, abort.signal)).rejects.toBe(reason);
  });
});
