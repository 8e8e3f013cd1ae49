import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TorchFileError } from '../../src/torch/index.ts';
import type { PyValue, TorchFile } from '../../src/torch/index.ts';
import { describeValue } from '../support/describe-value.ts';
import type { TorchPython } from '../support/torch-python.ts';
import { fuzzInput } from './fuzz-input.ts';
import type { Seed } from './seeds.ts';
import { packageUnderTest } from './subject.ts';

/** What a line of parser_differential.py says. */
interface PythonReading {
  readonly zip?: Record<string, [size: number, sha256: string]>;
  readonly zipError?: string;
  readonly torch?: unknown;
  readonly torchError?: string;
}

export interface Differences {
  readonly archives: number;
  /** By this package; only these are compared. */
  readonly accepted: number;
  /** Accepted here, and refused by torch: no difference, torch is at liberty to know less. */
  readonly refusedByTorch: ReadonlyMap<string, number>;
  readonly differences: readonly string[];
}

interface Accepted {
  readonly index: number;
  readonly bytes: Buffer;
  readonly file: TorchFile;
}

/** A shared object counts as often as it is referred to, as it does in a description. */
const MAX_DESCRIBED = 20_000;

function describedSize(value: PyValue, known: Map<PyValue, number>): number {
  if (typeof value !== 'object' || value === null) return 1;
  const before = known.get(value);
  if (before !== undefined) return before;
  let size = value.type === 'tensor' ? 1 + value.numel : 1;
  for (const child of childrenOf(value)) size += describedSize(child, known);
  known.set(value, size);
  return size;
}

function childrenOf(value: Exclude<PyValue, string | number | bigint | boolean | null>): readonly PyValue[] {
  if (value.type === 'list') return value.parts.filter((part) => !isRun(part)) as PyValue[];
  if (value.type === 'tuple' || value.type === 'set') return value.items;
  if (value.type === 'dict') return [...[...value.entries()].flat(), value.attributes ?? null];
  if (value.type === 'numpy-array') return value.objects === undefined ? [] : [value.objects];
  return [];
}

function isRun(part: unknown): boolean {
  return typeof part === 'object' && part !== null && 'type' in part && part.type === 'float-run';
}

/** @returns undefined for what is refused here, or too large to describe */
function accept(index: number, bytes: Buffer): Accepted | undefined {
  try {
    const file = packageUnderTest.read(bytes, 'deep');
    return describedSize(file.root, new Map()) > MAX_DESCRIBED ? undefined : { index, bytes, file };
  } catch (error) {
    if (error instanceof TorchFileError) return undefined;
    throw error;
  }
}

function readWithPython(python: string, script: string, accepted: readonly Accepted[]): PythonReading[] {
  const folder = mkdtempSync(join(tmpdir(), 'virnucpro-differential-'));
  try {
    const path = join(folder, 'archives');
    const framed = accepted.flatMap(({ bytes }) => {
      const size = Buffer.alloc(4);
      size.writeUInt32LE(bytes.length);
      return [size, bytes];
    });
    writeFileSync(path, Buffer.concat(framed));
    const run = spawnSync(python, [script, path], {
      encoding: 'utf8',
      maxBuffer: 1 << 30,
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    });
    const lines = run.stdout.split('\n').filter((line) => line !== '');
    if (run.status === 0 && lines.length === accepted.length)
      return lines.map((line) => JSON.parse(line) as PythonReading);
    const at = accepted[lines.length]?.index;
    throw new Error(`${python} ended with ${run.status ?? run.signal} at input ${at}: ${run.stderr.slice(-2000)}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function recordDifference({ bytes, file }: Accepted, { zip, zipError }: PythonReading): string | undefined {
  const { archive, integrity } = file;
  // Without CRCs zipfile reads nothing, and there is nothing to compare.
  if (integrity === 'unverified') return undefined;
  const ours = archive.records.map(({ name, dataOffset, size }) => {
    const content = bytes.subarray(dataOffset, dataOffset + size);
    return [`${archive.prefix}/${name}`, [size, createHash('sha256').update(content).digest('hex')]] as const;
  });
  const [one, other] = [JSON.stringify(Object.fromEntries(ours)), JSON.stringify(zip)];
  return one === other ? undefined : `records ${one}, zipfile: ${other ?? zipError}`;
}

/** Python's pickler writes no member of a set twice; where a file has one twice, Python keeps one. */
function withoutRepeats(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('type' in value) || !('items' in value)) return value;
  if (!String(value.type).endsWith('set') || !Array.isArray(value.items)) return value;
  const unique = new Map(value.items.map((item) => [JSON.stringify(item), item as unknown]));
  return { ...value, items: [...unique.values()] };
}

/** Earlier ones do not look at the record `byteorder`: they take big-endian numbers for little-endian ones. */
const FIRST_WITH_BYTE_ORDER = 2001;

/** An empty state sets nothing, which Python cannot tell from none. */
const EMPTY_STATE = '"attributes":{"type":"dict","items":[],"attributes":null}';

function valueDifference({ file }: Accepted, reading: PythonReading, release: number): string | undefined {
  if (!('torch' in reading) || (file.byteOrder === 'big' && release < FIRST_WITH_BYTE_ORDER)) return undefined;
  const one = JSON.stringify(describeValue(file, file.root), withoutRepeats).replaceAll(
    EMPTY_STATE,
    '"attributes":null',
  );
  const other = JSON.stringify(reading.torch);
  return one === other ? undefined : `value ${one}, torch: ${other}`;
}

/**
 * Reads the inputs `start … start + count − 1` of a seed, and what is accepted also with Python's zipfile and with torch.
 *
 * @param script path of parser_differential.py
 */
export function compareWithPython(
  python: TorchPython,
  script: string,
  inputs: { readonly seed: number; readonly start: number; readonly count: number; readonly seeds: readonly Seed[] },
): Differences {
  const indices = Array.from({ length: inputs.count }, (_, i) => inputs.start + i);
  const accepted = indices
    .map((index) => accept(index, fuzzInput(inputs.seed, index, inputs.seeds).bytes))
    .filter((it) => it !== undefined);
  const readings = readWithPython(python.path, script, accepted);
  const refusedByTorch = new Map<string, number>();
  const differences: string[] = [];
  for (const [at, reading] of readings.entries()) {
    const input = accepted[at] as Accepted;
    const found = [recordDifference(input, reading), valueDifference(input, reading, python.release)];
    for (const difference of found) if (difference !== undefined) differences.push(`${input.index}: ${difference}`);
    if (reading.torchError === undefined) continue;
    const reason = reading.torchError.replaceAll(/\d+/g, 'N').slice(0, 60);
    refusedByTorch.set(reason, (refusedByTorch.get(reason) ?? 0) + 1);
  }
  return { archives: inputs.count, accepted: accepted.length, refusedByTorch, differences };
}
