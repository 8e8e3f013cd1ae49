import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { IMPORT_RULES } from '../support/import-rules.ts';
import { readSections } from '../support/markdown.ts';

const root = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const sections = readSections(readFileSync(root('DESIGN.md'), 'utf8'));
const rows = sections.find(({ heading }) => heading === 'Folders and import directions')?.tables[0]?.slice(1) ?? [];
const folders = rows.map(([names = '', , imports = '']) => ({ names: codes(names), imports: codes(imports) }));

/** Folders that the text below the table speaks of for all. */
const FOR_ALL = ['contract', 'platform'];
/** Rows whose last column is words. */
const IN_WORDS = ['workflows', 'activities', 'client', 'worker', 'server', 'cli'];

describe('DESIGN.md', () => {
  it('folders of src → each with a line, and no other', () => {
    const found = readdirSync(root('src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.flatMap(({ names }) => names).toSorted()).toEqual(found.map(({ name }) => name).toSorted());
  });

  it('what they may import → as the rules say', () => {
    for (const { names, imports } of folders) {
      for (const name of names.filter((one) => !IN_WORDS.includes(one))) {
        const allowed = IMPORT_RULES[name]?.folders.filter((one) => !FOR_ALL.includes(one)) ?? [];
        expect({ name, imports: imports.toSorted() }).toEqual({ name, imports: allowed.toSorted() });
      }
    }
    expect(IMPORT_RULES['workflows']?.folders).toEqual(['contract']);
    expect(IMPORT_RULES['schemas']?.folders).toEqual(['contract']);
    expect(IMPORT_RULES['server']?.folders).toEqual(['platform']);
    for (const name of ['contract', 'platform', 'torch']) expect(IMPORT_RULES[name]?.folders).toEqual([]);
  });
});

/** Texts between backticks. */
function codes(text: string): string[] {
  return [...text.matchAll(/`(?<code>[^`]+)`/gu)].map(({ groups }) => groups?.['code'] ?? '');
}
