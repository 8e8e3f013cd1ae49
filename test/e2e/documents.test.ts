import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documentation } from '../support/documents.ts';
import type { Fence } from '../support/markdown.ts';
import { ShellPlace } from '../support/shell-place.ts';
import { startDevServer, type DevServer } from '../support/dev-server.ts';

/**
 * Commands of the documentation, page by page, from top to bottom in one folder with examples/ in it.
 *
 * Attributes of a block: `run` executes it, `served` gives it a server with workers (which its page speaks of, or which saves
 * the start of a local one), `exit=N` is the exit code of its last command, 0 if left out. In a `console` block the lines behind
 * a command are what it prints, numbers that differ from run to run aside; `…` stands for any lines.
 */
const pages = documentation()
  .map(({ name, fences }) => ({ name, blocks: fences.filter(({ attributes }) => attributes.has('run')) }))
  .map((page) => ({ ...page, blocks: page.blocks.filter(({ language }) => ['sh', 'console'].includes(language)) }))
  .filter(({ blocks }) => blocks.length > 0);

let server: DevServer;
let workers: ShellPlace;
beforeAll(async () => {
  server = await startDevServer();
  workers = new ShellPlace();
  await workers.startWorker(['--role', 'all', '--address', server.address]);
});
afterAll(async () => {
  workers?.remove();
  await server?.stop();
});

describe('commands of the documentation', () => {
  it.each(pages)('$name → they run, and print what is shown', async ({ name, blocks }) => {
    const place = new ShellPlace();
    try {
      for (const block of blocks) await runBlock(place, name, block);
    } finally {
      place.remove();
    }
  });
});

async function runBlock(place: ShellPlace, name: string, { language, attributes, text }: Fence): Promise<void> {
  const env: Record<string, string> = attributes.has('served') ? { TEMPORAL_ADDRESS: server.address } : {};
  const expected = Number(attributes.get('exit') ?? 0);
  if (language === 'sh') {
    const { code, stdout, stderr } = await place.run('bash', ['-e', '-c', text], env);
    expect({ name, text, code, said: `${stdout}${stderr}` }).toMatchObject({ code: expected });
    return;
  }
  const steps = text.split(/^\$ /mu).slice(1);
  const marked = steps.map((step) => `${step.split('\n', 1)[0]}\necho '${END}'`).join('\n');
  const { stdout } = await place.run('bash', ['-c', `exec 2>&1\n${marked}`], env);
  for (const [at, printed] of stdout.split(`${END}\n`).slice(0, -1).entries()) {
    const [command = '', ...shown] = (steps[at] ?? '').trimEnd().split('\n');
    const lines = printed.split('\n').slice(0, -1);
    if (!isAsShown(lines, shown)) expect({ name, command, lines }).toEqual({ name, command, lines: shown });
  }
}

const END = '-- end of a step --';

/** Whether lines are those that are shown; `…` stands for any number of them. */
function isAsShown(printed: readonly string[], shown: readonly string[]): boolean {
  const [wanted, ...rest] = shown;
  if (wanted === undefined) return printed.length === 0;
  if (wanted === '…') return printed.some((_, at) => isAsShown(printed.slice(at), rest)) || rest.length === 0;
  return printed[0] !== undefined && settled(printed[0]) === settled(wanted) && isAsShown(printed.slice(1), rest);
}

/** A line without what differs from run to run: seconds, ids, times. */
function settled(line: string): string {
  return line
    .replaceAll(/\d+(?:\.\d+)? (?=m?s\b)/gu, 'N ')
    .replaceAll(/virnucpro-[0-9a-f]{12}/gu, 'virnucpro-ID')
    .replaceAll(/\d{8}T\d{6}(?:\.\d+)?Z|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)/gu, 'TIME');
}
