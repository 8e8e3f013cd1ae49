import * as path from 'node:path';
import type { PredictVirusInput } from '../contract/prediction.ts';

/** Where neither request nor model says how long chunks are. */
const DEFAULT_LENGTH = 500;

/** `300_model.pth` and `500_model.pth` were trained on chunks of that length. */
const LENGTH_IN_NAME = /^(300|500)_/u;

/** Letters per chunk, and what the user should know about the choice. */
export function expectedLengthOf({ model, expectedLength }: Pick<PredictVirusInput, 'model' | 'expectedLength'>): {
  expectedLength: number;
  notes: string[];
} {
  const name = path.basename(model);
  const digits = LENGTH_IN_NAME.exec(name)?.[1];
  const named = digits === undefined ? undefined : Number(digits);
  if (expectedLength === undefined) {
    if (named !== undefined) return { expectedLength: named, notes: [] };
    const note = `${name} does not say for which length it was trained: chunks of ${DEFAULT_LENGTH} letters are taken`;
    return { expectedLength: DEFAULT_LENGTH, notes: [note] };
  }
  if (named === undefined || named === expectedLength) return { expectedLength, notes: [] };
  const note = `chunks of ${expectedLength} letters, as asked for, although the name ${name} stands for ${named}`;
  return { expectedLength, notes: [note] };
}
