import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readImports } from '../support/import-graph.ts';
import type { Import } from '../support/import-graph.ts';
import { forbiddenFolders, IMPORT_RULES, TYPES_ONLY } from '../support/import-rules.ts';

const root = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const imports = readImports(root('src'));

describe('import directions', () => {
  it('every folder of src → has a rule', () => {
    const folders = new Set(imports.map(({ folder }) => folder));
    expect([...folders].filter((folder) => !(folder in IMPORT_RULES))).toEqual([]);
  });

  it.each(Object.keys(IMPORT_RULES))('%s → imports only what its rule allows', (folder) => {
    const offending = imports.filter((found) => found.folder === folder && !isAllowed(found));
    expect(offending.map(({ file, specifier }) => `${file} imports ${specifier}`)).toEqual([]);
  });

  it.each(Object.entries(TYPES_ONLY))('%s → imports only types from %j', (folder, packages) => {
    const values = imports.filter(
      (found) => found.folder === folder && packages.includes(packageOf(found.specifier)) && !found.typeOnly,
    );
    expect(values.map(({ file, specifier }) => `${file} imports ${specifier}`)).toEqual([]);
  });

  it('the command → loads Temporal, zod and their like only when a command needs them', () => {
    const loaded = new Set(['cli/main.ts']);
    for (const file of loaded) {
      const found = imports.filter((one) => one.file === file && !one.typeOnly && !one.dynamic);
      for (const { path } of found) if (path !== undefined) loaded.add(path);
    }
    const packages = imports.filter(({ file, path }) => loaded.has(file) && path === undefined);
    const values = packages.filter(({ typeOnly, dynamic, specifier }) => !typeOnly && !dynamic && isPackage(specifier));
    expect([...new Set(values.map(({ specifier }) => specifier))].toSorted()).toEqual(['commander', 'piscina']);
  });

  it('the lint rules → forbid the same folders', () => {
    const { overrides } = JSON.parse(readFileSync(root('.oxlintrc.json'), 'utf8')) as { overrides: LintOverride[] };
    const ruled = Object.keys(IMPORT_RULES).filter((folder) => folder !== '.');
    expect(Object.fromEntries(overrides.filter(isDirection).map(forbiddenByLint))).toEqual(
      Object.fromEntries(ruled.map((folder) => [folder, forbiddenFolders(folder)])),
    );
  });
});

function isPackage(specifier: string): boolean {
  return !specifier.startsWith('node:');
}

interface LintOverride {
  readonly files: readonly string[];
  readonly rules: { readonly 'no-restricted-imports'?: readonly [string, { readonly patterns: readonly Pattern[] }] };
}

interface Pattern {
  readonly regex: string;
}

function isDirection(override: LintOverride): boolean {
  return 'no-restricted-imports' in override.rules;
}

function forbiddenByLint(override: LintOverride): [string, string[]] {
  const folder = override.files[0]?.split('/')[1] ?? '';
  const regex = override.rules['no-restricted-imports']?.[1].patterns[0]?.regex ?? '';
  return [folder, (/\(\?:(?<names>[^)]*)\)\/$/u.exec(regex)?.groups?.['names'] ?? '').split('|')];
}

function isAllowed({ folder, specifier, target }: Import): boolean {
  const rule = IMPORT_RULES[folder];
  if (target !== undefined) return target === folder || (rule?.folders.includes(target) ?? false);
  return rule?.packages.includes(packageOf(specifier)) ?? false;
}

function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return 'node:';
  const [first = '', second = ''] = specifier.split('/');
  return first.startsWith('@') ? `${first}/${second}` : first;
}
