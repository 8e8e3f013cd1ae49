import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openFileSource, readTorchFile } from '../../src/torch/index.ts';
import { describeValue } from '../support/describe-value.ts';
import { runTorch, torchPythons } from '../support/torch-python.ts';
import { refusal } from '../support/torch-samples.ts';

interface Golden {
  value?: unknown;
  refused?: string;
  opaque?: string;
}

const pythons = torchPythons('interop: reading what torch writes');

describe.skipIf(pythons.length === 0).each(pythons)('files by torch $version', (python) => {
  const folder = mkdtempSync(join(tmpdir(), 'torch-fixtures-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  runTorch(python, 'write_fixtures.py', [folder]);
  const names = readdirSync(folder).filter((name) => name.endsWith('.pt'));

  test('at least 60 files were written', () => {
    expect(names.length).toBeGreaterThanOrEqual(60);
  });

  test.each(names)('%s → as torch describes it', (name) => {
    const golden = JSON.parse(readFileSync(join(folder, name.replace(/pt$/, 'json')), 'utf8')) as Golden;
    const source = openFileSource(join(folder, name));
    try {
      if (golden.refused !== undefined) {
        expect(refusal(() => readTorchFile(source, { level: 'deep' })).code).toBe(golden.refused);
        return;
      }
      const file = readTorchFile(source, { level: 'deep' });
      expect(file.integrity).toBe('verified');
      expect(file.unreferencedStorages).toEqual([]);
      if (golden.opaque === undefined) expect(describeValue(file, file.root)).toEqual(golden.value);
      else expect(file.root).toMatchObject({ type: 'opaque', name: golden.opaque });
      source.assertUnchanged();
    } finally {
      source.close();
    }
  });
});
