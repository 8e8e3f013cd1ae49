import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { faultsOf, hostileClasses } from '../../support/hostile-classes.ts';
import { measureInputs } from '../../support/measure-inputs.ts';

const script = fileURLToPath(new URL('../../support/measure-inputs.mjs', import.meta.url));
const dist = new URL('../../../dist/', import.meta.url);

// A process that may only read: no code from text, no writing, no further process. Memory is that of Linux' proc(5).
describe.skipIf(!existsSync('/proc/self/clear_refs'))('hostile inputs in a process of their class', () => {
  test.each(hostileClasses())('$title → no harm done, memory within its bound', (hostile) => {
    const inputs = hostile.inputs();
    const largest = Math.max(...inputs.map(({ bytes }) => bytes.length));
    const costs = measureInputs(
      script,
      dist,
      inputs.map(({ bytes }) => bytes),
    );
    expect(costs.measured).toHaveLength(inputs.length);
    expect(faultsOf(hostile, costs, largest)).toEqual([]);
  });
});
