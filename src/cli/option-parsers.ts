import { InvalidArgumentError } from 'commander';
import { EMBEDDERS } from '../embedders/index.ts';

/** For options that may be given more than once. */
export function collect(value: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

/** For `--embedder`, where it may be given more than once and need not be given. */
export function collectEmbedder(value: string, previous: string[] | undefined): string[] {
  const known = EMBEDDERS.map(({ name }) => name);
  if (!known.includes(value)) throw new InvalidArgumentError(`expected one of ${known.join(', ')}`);
  return collect(value, previous);
}

export function positiveInteger(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError('expected a whole number of at least 1');
  return number;
}
