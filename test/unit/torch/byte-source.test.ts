import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FileChangedError, memorySource, openFileSource, readBytes, TorchFileError } from '../../../src/torch/index.ts';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'byte-source-'))));
afterEach(() => rmSync(folder, { recursive: true }));

describe('openFileSource', () => {
  test('a file → its bytes from any offset', () => {
    const path = join(folder, 'a');
    writeFileSync(path, 'hello world');
    const source = openFileSource(path);
    expect([source.size, source.isFile, readBytes(source, 6, 5).toString()]).toEqual([11, true, 'world']);
    source.assertUnchanged();
    source.close();
    source.close();
  });

  test('a range past the end → TRUNCATED, naming both', () => {
    const path = join(folder, 'a');
    writeFileSync(path, 'hello');
    const source = openFileSource(path);
    expect(() => readBytes(source, 3, 3)).toThrow(/3 bytes at offset 3 are outside the file of 5 bytes/);
    source.close();
  });

  test('file truncated after opening → FileChangedError, not a judgement about its bytes', () => {
    const path = join(folder, 'a');
    writeFileSync(path, 'hello');
    const source = openFileSource(path);
    truncateSync(path, 2);
    expect(() => readBytes(source, 0, 5)).toThrow(FileChangedError);
    expect(() => source.assertUnchanged()).toThrow(/changed while it was read/);
    source.close();
  });

  test('file appended to after opening → FileChangedError', () => {
    const path = join(folder, 'a');
    writeFileSync(path, 'hello');
    const source = openFileSource(path);
    appendFileSync(path, '!');
    expect(() => source.assertUnchanged()).toThrow(FileChangedError);
    source.close();
  });

  test('FIFO without a writer → opens at once, isFile false', () => {
    const path = join(folder, 'fifo');
    execFileSync('mkfifo', [path]);
    const source = openFileSource(path);
    expect(source.isFile).toBe(false);
    source.close();
  });

  test('folder → isFile false; missing file → errno', () => {
    const source = openFileSource(folder);
    expect(source.isFile).toBe(false);
    source.close();
    expect(() => openFileSource(join(folder, 'no'))).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });
});

describe('memorySource', () => {
  test('a range outside → TRUNCATED', () => {
    expect(() => readBytes(memorySource(Buffer.from('abc')), 2, 2)).toThrow(TorchFileError);
  });
});
