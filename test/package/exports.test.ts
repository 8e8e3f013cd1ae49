import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { TRACING_PACKAGES } from '../../src/observe/tracing.ts';
import { readImports } from '../support/import-graph.ts';

const root = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const manifest = readJson('package.json') as Manifest;
const lock = readJson('package-lock.json') as Lock;
const entries = Object.entries(manifest.exports).filter((entry): entry is [string, Conditions] =>
  isConditions(entry[1]),
);

describe('package.json', () => {
  it('every entry point → types first, then an ES module, both built', () => {
    expect(entries.map(([name]) => name)).toEqual([
      '.',
      './workflows',
      './activities',
      './client',
      './worker',
      './checkpoint',
    ]);
    for (const [, conditions] of entries) {
      expect(Object.keys(conditions)).toEqual(['types', 'default']);
      expect(existsSync(root(conditions.types))).toBe(true);
      expect(existsSync(root(conditions.default))).toBe(true);
    }
    expect(manifest.type).toBe('module');
  });

  it('the command → built, executable by itself', () => {
    const command = readFileSync(root(manifest.bin['virnucpro'] ?? ''), 'utf8');
    expect(command.startsWith('#!/usr/bin/env node\n')).toBe(true);
  });

  it('Temporal packages → peers, all of one version range, so that a project has one copy', () => {
    const { protobufjs, ...peers } = manifest.peerDependencies;
    const temporal = Object.fromEntries(Object.entries(peers).filter(([name]) => name.startsWith('@temporalio/')));
    expect(new Set(Object.values(temporal))).toEqual(new Set(['~1.24.0']));
    expect(Object.keys(manifest.dependencies).filter((name) => name.startsWith('@temporalio/'))).toEqual([]);
    // npm puts a peer at the top of node_modules, where Temporal's packages share it instead of nesting one each.
    expect(protobufjs).toMatch(/^\^8\./u);
  });

  it('packages that only tracing needs → optional peers, all that startTracing names', () => {
    const optional = Object.entries(manifest.peerDependenciesMeta).filter(([, meta]) => meta.optional);
    const ranges = optional.map(([name]) => `${name}@${manifest.peerDependencies[name]}`);
    expect(ranges.toSorted()).toEqual(TRACING_PACKAGES.toSorted());
  });

  it('the lock → names every platform package, without which `npm ci` refuses it', () => {
    const locked = new Set(Object.keys(lock.packages).map((path) => path.split('node_modules/').at(-1)));
    const optional = Object.values(lock.packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
    expect(optional.filter((name) => !locked.has(name))).toEqual([]);
  });

  it('the lock → names no registry', () => {
    expect(Object.entries(lock.packages).filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });
});

describe('the root entry point', () => {
  it('its modules → import nothing that one side lacks', () => {
    const reached = reachableFrom('index.ts');
    expect(reached.packages.filter((name) => name !== '@temporalio/common')).toEqual([]);
    expect(reached.folders).toEqual(['.', 'contract']);
  });
});

describe('the workflow bundle', () => {
  const bundle = readFileSync(root('dist/workflow-bundle.js'), 'utf8').split('//# sourceMappingURL')[0] ?? '';

  it('holds the workflows → and none of our code for Node, no zod, no Node module', () => {
    const modules = new Set(
      [...bundle.matchAll(/"\.\/(?<path>[\w@./-]+\.(?:js|cjs|mjs))"/gu)].map(({ groups }) => groups?.['path'] ?? ''),
    );
    const ours = [...modules].filter((path) => path.startsWith('dist')).map((path) => path.split('/')[1]);
    expect(new Set(ours)).toEqual(new Set(['contract', 'workflows']));
    expect([...modules].filter((path) => /node_modules\/(?:zod|piscina|commander)\//u.test(path))).toEqual([]);
    expect(bundle).not.toMatch(/require\(["'](?:node:|fs|path|os|crypto|child_process|net)["'/)]/u);
    expect(bundle).not.toMatch(/["']node:[a-z_/]+["']/u);
  });

  it('its bytes → do not depend on where it was built', () => {
    expect(bundle).not.toContain(root(''));
  });
});

interface Conditions {
  readonly types: string;
  readonly default: string;
}

interface Manifest {
  readonly type: string;
  readonly exports: Readonly<Record<string, string | Conditions>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>;
}

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly resolved?: string; readonly optionalDependencies?: Readonly<Record<string, string>> }>
  >;
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(root(path), 'utf8'));
}

function isConditions(value: string | Conditions): value is Conditions {
  return typeof value !== 'string';
}

/** Folders and packages that value imports lead to. */
function reachableFrom(entry: string): { folders: string[]; packages: string[] } {
  const all = readImports(root('src')).filter((found) => !found.typeOnly);
  const open = [entry];
  const seen = new Set(open);
  const packages = new Set<string>();
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    for (const found of all.filter((one) => one.file === file)) {
      if (found.path === undefined) packages.add(found.specifier);
      else if (!seen.has(found.path)) open.push(found.path);
      if (found.path !== undefined) seen.add(found.path);
    }
  }
  const folders = new Set([...seen].map((file) => (file.includes('/') ? (file.split('/')[0] ?? '') : '.')));
  return { folders: [...folders].toSorted(), packages: [...packages].toSorted() };
}
