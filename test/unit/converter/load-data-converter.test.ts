import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { loadDataConverter } from '../../../src/converter/load-data-converter.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const CODEC = '{ encode: async (all) => all, decode: async (all) => all }';

async function folderWith(files: Record<string, string>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

describe('loadDataConverter', () => {
  it.each<[string, string, Record<string, string>]>([
    ['a file, default export', './own.mjs', { 'own.mjs': `export default { payloadCodecs: [${CODEC}] };` }],
    ['a file without ./', 'own.mjs', { 'own.mjs': `export const dataConverter = { payloadCodecs: [${CODEC}] };` }],
    ['CommonJS', './own.cjs', { 'own.cjs': `exports.dataConverter = { payloadCodecs: [${CODEC}] };` }],
    ['CommonJS, whole module', './own.cjs', { 'own.cjs': `module.exports = { payloadCodecs: [${CODEC}] };` }],
    [
      'a package',
      'own-converter',
      {
        'node_modules/own-converter/package.json': '{ "name": "own-converter", "main": "index.cjs" }',
        'node_modules/own-converter/index.cjs': `exports.default = { payloadCodecs: [${CODEC}] };`,
      },
    ],
  ])('%s → its converter', async (_, module, files) => {
    const { payloadCodecs } = await loadDataConverter(module, await folderWith(files));
    expect(payloadCodecs).toHaveLength(1);
  });

  it.each<[string, string, Record<string, string>, string]>([
    ['a file that is not there', './no.mjs', {}, 'is no file'],
    ['neither file nor package', 'nosuch', {}, 'neither a file in'],
    ['a module that throws', './a.mjs', { 'a.mjs': 'throw new Error("no key");' }, 'cannot be loaded: no key'],
    [
      'another export',
      './a.mjs',
      { 'a.mjs': 'export const codec = 1;' },
      'exports none as default or as dataConverter',
    ],
    ['an object of another kind', './a.mjs', { 'a.mjs': 'export default { codec: 1 };' }, 'found codec'],
    [
      'codecs that are none',
      './a.mjs',
      { 'a.mjs': 'export default { payloadCodecs: [{}] };' },
      'payloadCodecs: expected',
    ],
  ])('%s → RunError.InvalidInput saying so', async (_, module, files, message) => {
    await expect(loadDataConverter(module, await folderWith(files))).rejects.toMatchObject({
      type: FailureType.RunInvalidInput,
      message: expect.stringContaining(message),
    });
  });
});
