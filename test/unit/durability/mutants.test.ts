import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nativeImport } from '../../support/native-import.mjs';
import { MutantTree, nameOf } from './mutants.ts';
import { CHECK_PROBES, CRASH_PROBES, type Subject } from './probes.ts';

const ROOTS = [
  'spool/index.ts',
  'activities/settle-checkpoint.ts',
  'checkpoint/publish/publish-checkpoint.ts',
  'run/atomic-file.ts',
];

let folder: string;
let tree: MutantTree;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'virnucpro-mutants-'));
  tree = await MutantTree.build(folder, ROOTS);
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function load(urlOf: (root: string) => string): Promise<Subject> {
  const modules = await Promise.all(ROOTS.map((root) => nativeImport(urlOf(root))));
  return Object.assign({}, ...modules) as Subject;
}

/**
 * The first probe that notices a mutant, and what it found. One that brings a probe to an error, or to no end, is noticed.
 */
async function noticed(subject: Subject, rule: string): Promise<string | undefined> {
  const probes = rule.startsWith('fsync') ? CRASH_PROBES : CHECK_PROBES;
  for (const [name, probe] of Object.entries(probes)) {
    try {
      const [first] = await probe(subject);
      if (first !== undefined) return `${name}: ${first}`;
    } catch (error) {
      return `${name}: ${String(error)}`;
    }
  }
  return undefined;
}

test.each(Object.entries({ ...CHECK_PROBES, ...CRASH_PROBES }))(
  'the copied code as it is: %s → nothing to notice',
  async (_, probe) => {
    expect(await probe(await load(await tree.urlsOf()))).toEqual([]);
  },
  600_000,
);

test('any one sync or check taken out → noticed', async () => {
  const survivors: string[] = [];
  const mutants = tree.mutants();
  for (const mutant of mutants) {
    const found = await noticed(await load(await tree.urlsOf(mutant)), mutant.rule);
    if (found === undefined) survivors.push(nameOf(mutant));
  }
  const syncs = mutants.filter(({ rule }) => rule.startsWith('fsync')).length;
  console.log(`${mutants.length} mutants, ${syncs} of them without one sync`);
  expect(survivors).toEqual([]);
}, 1_200_000);
