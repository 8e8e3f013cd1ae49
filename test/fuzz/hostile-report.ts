import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { faultsOf, hostileClasses } from '../support/hostile-classes.ts';
import type { HostileClass } from '../support/hostile-classes.ts';
import { measureInputs } from '../support/measure-inputs.ts';

const SCRIPT = join('test', 'support', 'measure-inputs.mjs');

interface ClassReport {
  readonly count: number;
  readonly line: string;
  readonly failed: boolean;
}

function report(hostile: HostileClass, library: URL): ClassReport {
  const inputs = hostile.inputs();
  const costs = measureInputs(
    SCRIPT,
    library,
    inputs.map(({ bytes }) => bytes),
  );
  const largest = Math.max(...inputs.map(({ bytes }) => bytes.length));
  // Processor time is less than the clock's on a busy machine, and more where the collector has threads of its own.
  const times = costs.measured.map(({ ms, cpuMs }) => Math.min(ms, cpuMs));
  const slowest = times.indexOf(Math.max(...times));
  const ms = times[slowest] ?? 0;
  const faults = faultsOf(hostile, costs, largest);
  if (ms > hostile.maxMs) faults.push(`takes more than ${hostile.maxMs} ms`);
  const { title } = hostile;
  const what = inputs.length > 1 ? `${title}: ${inputs.length} inputs, slowest ${inputs[slowest]?.title}` : title;
  const cost = `${ms.toFixed(1)} ms, +${costs.growth >> 20} MiB for ${(largest / 2 ** 20).toFixed(1)} MiB`;
  const outcome = faults.length > 0 ? `; FAILURE: ${faults.slice(0, 3).join(', ')}` : '';
  const line = `${what}: ${costs.measured[slowest]?.outcome}, ${cost}${outcome}`;
  return { count: inputs.length, line, failed: faults.length > 0 };
}

/**
 * Reads every hostile input in a process of its class and prints what it cost.
 *
 * @param sources folder of the compiled sources
 * @returns the exit code: 0 if nothing failed
 */
export function hostileReport(sources: string): number {
  const library = pathToFileURL(`${sources}/`);
  let [inputs, failures] = [0, 0];
  for (const hostile of hostileClasses()) {
    const { count, line, failed } = report(hostile, library);
    process.stdout.write(`${line}\n`);
    inputs += count;
    failures += failed ? 1 : 0;
  }
  process.stdout.write(`${inputs} hostile inputs, ${failures} failures\n`);
  return failures > 0 ? 1 : 0;
}
