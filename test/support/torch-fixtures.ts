import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { openCheckpointSync } from '../../src/checkpoint/open-checkpoint.ts';
import { validateCheckpointSync } from '../../src/checkpoint/validate-checkpoint.ts';
import { openFileSource, readTorchFile } from '../../src/torch/index.ts';
import type { TorchFile } from '../../src/torch/index.ts';
import { describeValue } from './describe-value.ts';
import { refusal } from './torch-samples.ts';

/** What test/fixtures/torch/make.py wrote beside a file; its documentation tells the fields. */
export interface Golden {
  refused?: string;
  prefix?: string;
  records?: [name: string, size: number][];
  byteOrder?: string;
  protocol?: number;
  integrity?: string;
  unreferenced?: string[];
  value?: unknown;
  checkpoint?: GoldenCheckpoint;
}

/** What validation says of a VirNucPro checkpoint, and for a valid one its content. */
export interface GoldenCheckpoint {
  result?: string;
  code?: string;
  kind?: string;
  rows?: number;
  dim?: number;
  version?: string;
  status?: string | null;
  ids?: string[];
  /** Of the rows as float32. */
  sha256?: string;
}

/** The files that one version of torch wrote. */
export interface FixtureSet {
  readonly folder: string;
  readonly torch: string;
  readonly numpy: string;
  /** As in `TorchPython`: 2.9 is 2009. */
  readonly release: number;
  readonly names: readonly string[];
}

const STORED = fileURLToPath(new URL('../fixtures/torch', import.meta.url));

export function fixtureNames(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.pt'))
    .map((name) => name.slice(0, -'.pt'.length))
    .toSorted();
}

/** The stored sets, oldest torch first. */
export function storedSets(): FixtureSet[] {
  const sets = readdirSync(STORED).filter((name) => name.startsWith('torch-'));
  return sets
    .map((name) => {
      const folder = join(STORED, name);
      const { torch, numpy } = JSON.parse(readFileSync(join(folder, 'versions.json'), 'utf8')) as FixtureSet;
      const [, major, minor] = /^torch-(\d+)\.(\d+)$/.exec(name) ?? [];
      return { folder, torch, numpy, release: Number(major) * 1000 + Number(minor), names: fixtureNames(folder) };
    })
    .toSorted((a, b) => a.release - b.release);
}

export function readGolden(folder: string, name: string): Golden {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Golden;
}

/** All that a golden can say, in its words. */
function describeFile(file: TorchFile): Golden {
  const { archive, byteOrder, pickleProtocol, integrity, unreferencedStorages } = file;
  return {
    prefix: archive.prefix,
    records: archive.records.map(({ name, size }) => [name, size]),
    byteOrder,
    protocol: pickleProtocol,
    integrity,
    unreferenced: [...unreferencedStorages],
    value: describeValue(file, file.root),
  };
}

/** Expects that our reader finds in `folder/name.pt` exactly what torch found, or refuses it for the named reason. */
export function expectAsTorchReads(folder: string, name: string): void {
  const { checkpoint: _, ...golden } = readGolden(folder, name);
  const source = openFileSource(join(folder, `${name}.pt`));
  try {
    if (golden.refused === undefined) {
      expect(describeFile(readTorchFile(source, { level: 'deep' }))).toEqual(golden);
    } else {
      expect(refusal(() => readTorchFile(source, { level: 'deep' })).code).toBe(golden.refused);
    }
    source.assertUnchanged();
  } finally {
    source.close();
  }
}

/** Expects of a VirNucPro checkpoint the judgement of its golden, and of a valid one all ids and values. */
export function expectCheckpoint(folder: string, name: string, golden: GoldenCheckpoint): void {
  const path = join(folder, `${name}.pt`);
  const { ids, sha256, result = 'valid', ...expected } = golden;
  expect(validateCheckpointSync(path, { level: 'deep' })).toMatchObject({ ...expected, result });
  if (result !== 'valid') return;
  const checkpoint = openCheckpointSync(path);
  try {
    const rows = checkpoint.slice();
    expect(checkpoint.ids).toEqual(ids);
    expect(createHash('sha256').update(new Uint8Array(rows.buffer)).digest('hex')).toBe(sha256);
  } finally {
    checkpoint.close();
  }
}
