// The worked example of docs/changing-workflows.md: which code replays which history.
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Runtime } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { formatVerdict } from '../../src/cli/replay/format-verdict.ts';
import { readHistoryFile } from '../../src/client/index.ts';
import { verdictsOf } from '../support/replay.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const HISTORIES = ['before', 'patched', 'deprecated'] as const;

/** How the code of each file takes the histories `before`, `patched` and `deprecated`. */
const CODES: [code: string, ...verdicts: ('same' | 'parts')[]][] = [
  ['before', 'same', 'parts', 'parts'],
  ['changed', 'parts', 'parts', 'same'],
  ['patched', 'same', 'same', 'same'],
  ['deprecated', 'parts', 'same', 'same'],
];

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const PAGE = readFileSync(at('../../docs/changing-workflows.md'), 'utf8');

beforeAll(() => {
  const telemetryOptions = { logging: { filter: 'off', forward: {} } };
  Runtime.install({ logger: new DefaultLogger('ERROR', () => {}), telemetryOptions });
});

describe('the example of docs/changing-workflows.md', () => {
  it.each(CODES)('code "%s" → %s, %s, %s', async (code, ...expected) => {
    const bundle = join(await temporaryFolder(), 'bundle.js');
    const logger = new DefaultLogger('ERROR', () => {});
    const bundled = await bundleWorkflowCode({ workflowsPath: at(`./changing-workflows/${code}.ts`), logger });
    await writeFile(bundle, bundled.code);
    const histories = HISTORIES.map((name) => readHistoryFile(at(`./changing-workflows/histories/${name}.json`)));
    const verdicts = await verdictsOf(await Promise.all(histories), bundle);
    expect(verdicts.map(({ divergence }) => (divergence === undefined ? 'same' : 'parts'))).toEqual(expected);
    if (code === 'changed') expect(PAGE).toContain(formatVerdict(verdicts[0]!));
  });

  it.each(CODES)('code "%s" → stands in the page as it is', (code) => {
    const text = readFileSync(at(`./changing-workflows/${code}.ts`), 'utf8');
    expect(PAGE).toContain(text.slice(text.indexOf('export async function')).trimEnd());
  });

  it('what each code replays → stands in the page as it is', () => {
    for (const [code, ...verdicts] of CODES) {
      const row = new RegExp(
        `^\\| \`${code}\` +\\| ${verdicts.map((verdict) => `${verdict} +`).join('\\| ')}\\|$`,
        'mu',
      );
      expect(PAGE).toMatch(row);
    }
  });
});
