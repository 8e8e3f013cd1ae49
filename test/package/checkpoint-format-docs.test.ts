import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { arrayRowSource, CHECKPOINT_VERSION, publishCheckpoint } from '../../src/checkpoint/index.ts';
import { KINDS, kindFromName } from '../../src/checkpoint/kinds.ts';
import type { WrittenKind } from '../../src/checkpoint/types.ts';
import { judgeVersion } from '../../src/checkpoint/version.ts';
import { memorySource, readTorchFile } from '../../src/torch/index.ts';
import { checkpointCodes } from '../support/checkpoint-codes.ts';
import { readSections, withoutMarkup } from '../support/markdown.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const document = readFileSync(join(ROOT, 'docs', 'checkpoint-format.md'), 'utf8');
const sections = readSections(document);

describe('docs/checkpoint-format.md', () => {
  it('codes → those of the code, each with its class, and no other', () => {
    const rows = table('Results and codes').map(([code = '', kind = '']) => [withoutMarkup(code), kind] as const);
    const documented = new Map(rows.filter(([code]) => !code.includes(',')));
    expect(Object.fromEntries(documented)).toEqual(checkpointCodes());
  });

  it('kinds → their keys and dimensions, and the names that state them', () => {
    const rows = table('Kinds').map((cells) => cells.map(withoutMarkup));
    expect(rows.map(([kind]) => kind)).toEqual([...Object.keys(KINDS), 'generic']);
    for (const [kind = '', file = '', dict = ''] of rows) {
      const facts = KINDS[kind as keyof typeof KINDS] as (typeof KINDS)[keyof typeof KINDS] | undefined;
      if (facts === undefined) continue;
      expect(dict).toContain(facts.idsKey);
      expect(dict).toContain(`${facts.dataKey}:`);
      if (facts.dim !== undefined) expect(dict).toContain(String(facts.dim));
      const names = file
        .split(/,| e\.g\. /u)
        .map((name) => name.trim().replace('{EMBEDDER}', 'KMER').replace(/^_/u, '{stem}_'));
      for (const name of names) if (name !== '') expect(kindFromName(withPt(name.replace('{stem}', 'a')))).toBe(kind);
    }
  });

  it.each(['nucleotide', 'protein', 'merged', 'vectors'] as const)(
    'records of a %s checkpoint → as documented',
    async (kind) => {
      const bytes = await written(kind, 3);
      const { archive, storages } = readTorchFile(memorySource(bytes), { level: 'deep' });
      const documented = table('Container').map(([record = '']) => withoutMarkup(record));
      const found = archive.records.map(({ name }) => (name.startsWith('data/') ? 'data/0, data/1, …' : name));
      const expected = kind === 'nucleotide' ? documented.filter((name) => !name.startsWith('data/')) : documented;
      expect([...new Set(found)]).toEqual(expected);
      expect(storages).toHaveLength({ nucleotide: 0, protein: 3, merged: 1, vectors: 1 }[kind]);
      for (const { dataOffset } of archive.records) expect(dataOffset % 64).toBe(0);
      for (const [name, content] of table('Container').map((cells) => cells.map(withoutMarkup))) {
        const record = archive.byName.get(name ?? '');
        if (record === undefined || record.size > 6) continue;
        const text = bytes.subarray(record.dataOffset, record.dataOffset + record.size).toString('latin1');
        expect(content?.startsWith(text.trim())).toBe(true);
      }
    },
  );

  it('status → both encodings of 13 bytes', () => {
    const texts = ['in_progress', 'complete'].map((status) => ({
      status,
      row: table('Status').find(([, , bytes]) => bytes?.includes(status)),
    }));
    for (const { status, row } of texts) {
      const escaped = /`(?<head>(?:[A-Z]|\\x[0-9a-f]{2})+)` \+/u.exec(row?.[2] ?? '')?.groups?.['head'] ?? '';
      const head = escaped.replaceAll(/\\x(?<hex>..)/gu, '.').length;
      expect(head + status.length).toBe(13);
    }
  });

  it('versions → judged as documented', () => {
    expect(document).toContain(`version: '${CHECKPOINT_VERSION}'`);
    const { problem } = judgeVersion('2.0');
    expect(document).toContain(problem?.text);
    expect(judgeVersion('10.0').problem?.code).toBe('VERSION_TOO_NEW');
    expect(judgeVersion('1.7').problem).toBeUndefined();
    expect(judgeVersion(undefined)).toEqual({ version: '0.x', modern: false });
  });
});

function table(heading: string): readonly (readonly string[])[] {
  return sections.find((section) => section.heading === heading)?.tables[0]?.slice(1) ?? [];
}

function withPt(name: string): string {
  return name.endsWith('.pt') ? name : `${name}.pt`;
}

async function written(kind: WrittenKind, rows: number): Promise<Buffer> {
  const dim = KINDS[kind].dim ?? 5;
  const values = Float32Array.from({ length: rows * dim }, (_, index) => index);
  const path = join(await temporaryFolder(), 'sample.pt');
  const ids = Array.from({ length: rows }, (_, row) => `id${row}`);
  await publishCheckpoint(path, { kind, ids, rows: arrayRowSource(values, dim) });
  return readFileSync(path);
}
