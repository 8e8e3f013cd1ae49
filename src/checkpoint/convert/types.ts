import type { WrittenKind } from '../types.ts';

/** What a checkpoint can be converted to; the extension of the output decides. */
export type ConvertFormat = 'pt' | 'npy' | 'safetensors';

export interface ConvertResult {
  /** `existing`: the same content was there already under this name, and was kept. */
  outcome: 'converted' | 'existing';
  /** As given. */
  input: string;
  /** As given. */
  output: string;
  format: ConvertFormat;
  /** What the rows are; those of a batch file are `merged` or `vectors` by their length. */
  kind: WrittenKind;
  /** Of the input: `0.x` where it has none. The output of format `pt` is always of version 1.0. */
  version: string;
  rows: number;
  /** Values per row. */
  dim: number;
  /** Of the values in the output: `float64` only where a value of the input is not exactly a float32. */
  dtype: 'float32' | 'float64';
  /** Size of the output. */
  bytes: number;
  /** Lower-case hex SHA-256 of the output. */
  sha256: string;
  /** Format `npy`: the text file beside it that holds the ids, one a line. */
  ids?: string;
  /** What the output does not say as the input did, e.g. values rounded to float32. */
  warnings?: string[];
}

export interface ConvertOptions {
  signal?: AbortSignal;
}
