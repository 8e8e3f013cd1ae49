import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildTorchZip } from '../support/build-zip.ts';
import { hostilePickles } from '../support/hostile-pickles.ts';
import { measureInputs } from '../support/measure-inputs.ts';
import type { InputCosts } from '../support/measure-inputs.ts';
import { RESOURCE_BOMBS } from '../support/resource-bombs.ts';
import { zipTricks } from '../support/zip-tricks.ts';

/** What the package promises for hostile files; bombs may be large, and may take longer. */
const MAX_MS = 50;
const MAX_BOMB_MS = 1000;
const MAX_GROWTH = 64 << 20;

const SCRIPT = join('test', 'support', 'measure-inputs.mjs');
const STORAGE = Buffer.alloc(16);

interface Titled {
  readonly title: string;
  readonly bytes: Buffer;
}

/** Many small inputs in one process: what they take together is more than what one of them takes. */
function classes(): Map<string, Titled[]> {
  const found = new Map<string, Titled[]>([['ZIP tricks', zipTricks()]]);
  for (const { family, title, pickle } of hostilePickles()) {
    const members = found.get(family) ?? [];
    found.set(family, [...members, { title, bytes: buildTorchZip(pickle, { 0: STORAGE }).bytes }]);
  }
  return found;
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}

/** Prints a line for each class and each bomb. @returns the exit code: 0 if everything held */
export function hostileReport(library: string): number {
  const url = pathToFileURL(`${library}/`);
  let failures = 0;
  let inputs = 0;
  const check = (
    title: string,
    costs: InputCosts,
    accepted: boolean,
    maxMs: number,
    titles: readonly string[],
  ): void => {
    const { measured, growth } = costs;
    const slowest = measured.reduce((worst, it, at) => (it.ms > (measured[worst]?.ms ?? 0) ? at : worst), 0);
    const { ms = 0, cpuMs = 0 } = measured[slowest] ?? {};
    const wrong = measured.filter(
      ({ outcome }) => (outcome === 'accepted') !== accepted || outcome.startsWith('threw'),
    );
    const faults = [
      ...(wrong.length > 0 ? [`${wrong.length} ${accepted ? 'not read' : 'not refused'}: ${wrong[0]?.outcome}`] : []),
      ...(ms > maxMs ? [`more than ${maxMs} ms`] : []),
      ...(growth > MAX_GROWTH ? [`more than ${megabytes(MAX_GROWTH)}`] : []),
    ];
    failures += faults.length > 0 ? 1 : 0;
    inputs += measured.length;
    const name = measured.length > 1 ? `${title}: ${measured.length} inputs, slowest ${titles[slowest]}` : title;
    const cost = `${ms.toFixed(1)} ms (CPU ${cpuMs.toFixed(0)} ms), +${megabytes(growth)}, ${measured[slowest]?.outcome}`;
    process.stdout.write(
      `${faults.length > 0 ? 'FAIL' : 'ok  '} ${name}: ${cost}${faults.map((it) => `; ${it}`).join('')}\n`,
    );
  };
  for (const [title, members] of classes()) {
    const costs = measureInputs(
      SCRIPT,
      url,
      members.map(({ bytes }) => bytes),
    );
    check(
      title,
      costs,
      false,
      MAX_MS,
      members.map((member) => member.title),
    );
  }
  for (const { title, accepted, make } of RESOURCE_BOMBS) {
    const bytes = make();
    const costs = measureInputs(SCRIPT, url, [bytes]);
    check(`bomb of ${megabytes(bytes.length)}: ${title}`, costs, accepted, MAX_BOMB_MS, [title]);
  }
  process.stdout.write(`${inputs} hostile inputs, ${failures} failures\n`);
  return failures > 0 ? 1 : 0;
}
