import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { inFlight } from '../../../src/prediction/in-flight.ts';

async function* numbers(count: number): AsyncGenerator<number, void, undefined> {
  for (let number = 0; number < count; number++) yield number;
}

describe('inFlight', () => {
  it.each([1, 4, 8])('%i workers → one item more than these is under way, results in order', async (workers) => {
    let [open, most] = [0, 0];
    const work = async (number: number) => {
      most = Math.max(most, ++open);
      // The later an item begins, the sooner it is done.
      for (let turn = 0; turn < 40 - number; turn++) await setImmediate();
      open--;
      return number;
    };
    const results: number[] = [];
    for await (const result of inFlight(numbers(30), workers, work)) results.push(result);
    expect(results).toEqual(numbersUpTo(30));
    expect(most).toBe(workers + 1);
  });

  it('one fails → its error, once nothing is under way', async () => {
    let open = 0;
    const work = async (number: number) => {
      open++;
      for (let turn = 0; turn < 5 * number; turn++) await setImmediate();
      open--;
      if (number === 1) throw new Error('enough');
      return number;
    };
    const run = async () => {
      const results: number[] = [];
      for await (const result of inFlight(numbers(10), 3, work)) results.push(result);
    };
    await expect(run()).rejects.toThrow('enough');
    expect(open).toBe(0);
  });
});

function numbersUpTo(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number);
}
