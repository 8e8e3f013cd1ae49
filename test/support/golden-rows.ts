import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { findSidecarPython, sidecarSources } from '../../src/platform/sidecar-python.ts';
import type { NamedSequence } from './protein-inputs.ts';

const SCRIPT = fileURLToPath(new URL('golden_rows.py', import.meta.url));

/** A model with random weights. */
export interface GoldenModel {
  embedder: string;
  /** Seed. */
  randomInit: number;
  /** Other sizes than the published model has. */
  tiny?: Readonly<Record<string, number>>;
}

/**
 * The rows that a model must give, by golden_rows.py, and the model as a checkpoint in `folder`.
 *
 * @returns rows by id
 */
export function goldenRows(
  model: GoldenModel,
  folder: string,
  records: readonly NamedSequence[],
): Map<string, number[]> {
  const python = findSidecarPython();
  if ('problem' in python) throw new Error(python.problem);
  const { status, stdout, stderr } = spawnSync(python.command, [SCRIPT, JSON.stringify(model), folder], {
    encoding: 'utf8',
    input: JSON.stringify(Object.fromEntries(records)),
    env: { ...process.env, PYTHONPATH: [sidecarSources(), process.env['PYTHONPATH']].filter(Boolean).join(':') },
    maxBuffer: 2 ** 30,
  });
  if (status !== 0) throw new Error(`golden_rows.py ended with ${status}: ${stderr}`);
  return new Map(Object.entries(JSON.parse(stdout) as Record<string, number[]>));
}

/** The largest absolute difference of two tables of rows; infinite if their shapes differ. */
export function largestDifference(found: readonly number[][], expected: readonly (number[] | undefined)[]): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (const [at, row] of found.entries()) {
    const other = expected[at];
    if (other?.length !== row.length) return Number.POSITIVE_INFINITY;
    for (const [column, value] of row.entries()) {
      const difference = Math.abs(value - (other[column] as number));
      if (!(difference <= largest)) largest = difference;
    }
  }
  return largest;
}
