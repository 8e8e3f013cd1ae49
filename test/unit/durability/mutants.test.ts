import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nativeImport } from '../../support/native-import.mjs';
import { MutantTree, nameOf } from './mutants.ts';
import { PROBES, type Subject } from './probes.ts';

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
  return Object.assign({}, ...modules) as unknown as Subject;
}

/** The first probe that notices, and what it found. A mutant that brings a probe to an error, or to no end, is noticed. */
async function noticed(subject: Subject): Promise<string | undefined> {
  for (const [name, probe] of Object.entries(PROBES)) {
    try {
      const [first] = await probe(subject);
      if (first !== undefined) return `${name}: ${first}`;
    } catch (error) {
      return `${name}: ${String(error)}`;
    }
  }
  return undefined;
}

test('the copied code as it is → nothing to notice', async () => {
  expect(await noticed(await load(await tree.urlsOf()))).toBeUndefined();
}, 600_000);

test('any one sync or check taken out → noticed', async () => {
  const survivors: string[] = [];
  const mutants = tree.mutants();
  for (const mutant of mutants) {
    const t0 = performance.now();
    const found = await noticed(await load(await tree.urlsOf(mutant)));
    if (found === undefined) survivors.push(nameOf(mutant));
    appendFileSync(
      '/dev/shm/wt-a/mut.log',
      `${nameOf(mutant)} -> ${found?.slice(0, 100)} ${Math.round(performance.now() - t0)}\n`,
    );
  }
  console.log(`${mutants.length} mutants`);
  expect(survivors).toEqual([]);
}, 1200_000);
