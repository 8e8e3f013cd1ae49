import { readdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ENCRYPTING_CONVERTER, makeKey } from '../support/encrypting-converter.ts';
import { makeInputs } from '../support/run-folder.ts';
import { workplace } from '../support/workplace.ts';

/** The database of the command's own server, as bytes. */
function databaseOf(stateHome: string): Buffer {
  const folder = join(stateHome, 'virnucpro');
  const [run = ''] = readdirSync(folder);
  const files = readdirSync(join(folder, run)).filter((name) => name.startsWith('temporal.db'));
  return Buffer.concat(files.map((name) => readFileSync(join(folder, run, name))));
}

it('embed with a server of its own and an encrypting converter → nothing in the clear in its database; replay needs the converter', async () => {
  const at = workplace({ VIRNUCPRO_PAYLOAD_KEY: makeKey() });
  const inputs = makeInputs(at.path('secret-patients'), 2, 2);
  const out = at.path('secret-patients', 'out');
  const embed = [
    'embed',
    inputs,
    '--out',
    out,
    '--embedder',
    'kmer',
    '--data-converter',
    ENCRYPTING_CONVERTER,
    '--json',
  ];
  expect(await at.run(embed)).toMatchObject({ code: 0 });
  truncateSync(join(out, 's00_KMER.pt'), 10);
  const { code, stdout } = await at.run(embed);
  expect([code, stdout]).toEqual([3, expect.stringContaining('corrupted')]);

  const database = databaseOf(at.stateHome);
  expect(database.includes('binary/encrypted')).toBe(true);
  for (const secret of ['secret-patients', 's00_KMER.pt', 'corrupted:']) expect(database.includes(secret)).toBe(false);

  const converter = { VIRNUCPRO_DATA_CONVERTER: ENCRYPTING_CONVERTER };
  const [bare, replayed, missing] = await Promise.all([
    at.run(['replay', out]),
    at.run(['replay', out], { env: converter }),
    at.run(['doctor', out, '--data-converter', './nosuch.mjs', '--json']),
  ]);
  expect([bare.code, bare.stderr]).toEqual([
    1,
    expect.stringMatching(/cannot be decoded here: .*--data-converter MODULE/u),
  ]);
  expect([replayed.code, replayed.stdout]).toEqual([0, expect.stringContaining('replays with the same decisions')]);
  expect([missing.code, missing.stdout]).toEqual([1, expect.stringContaining('./nosuch.mjs')]);
});
