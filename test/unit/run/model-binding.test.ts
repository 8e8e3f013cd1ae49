import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { openManifest, readManifest, replaceManifest } from '../../../src/run/manifest.ts';
import { bindModel, recordBindings, withBindings } from '../../../src/run/model-binding.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const CPU = { weightsDigest: 'sha256:01', dtype: 'float32' };
const GPU = { weightsDigest: 'sha256:01', dtype: 'bfloat16' };
const ESM = { fingerprint: { model: 'esm', weights: 'trained' } };

/** A run folder whose run.json names two embedders. */
async function runFolder() {
  const directory = await temporaryFolder();
  const manifest = await openManifest(directory);
  const embedders = { 'esm2-8m': ESM, kmer: { fingerprint: { model: 'kmer', dtype: 'float32' } } };
  await replaceManifest(directory, { ...manifest, embedders });
  return directory;
}

describe('bindModel', () => {
  it('a new folder → bound to what was loaded, and whoever comes later is told', async () => {
    const directory = await runFolder();
    expect(await bindModel(directory, 'esm2-8m', CPU)).toEqual(CPU);
    expect(await bindModel(directory, 'esm2-8m', GPU)).toEqual(CPU);
    expect(readdirSync(join(directory, '.virnucpro', 'models'))).toEqual(['esm2-8m.json']);
  });

  it('many at once with different models → all get the same', async () => {
    const directory = await runFolder();
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, at) => bindModel(directory, 'esm2-8m', at % 2 === 0 ? CPU : GPU)),
    );
    expect(new Set(all.map(({ dtype }) => dtype)).size).toBe(1);
    expect(readdirSync(join(directory, '.virnucpro', 'models'))).toEqual(['esm2-8m.json']);
  });

  it('a run folder of an earlier version, without a place for bindings → it is made', async () => {
    const directory = await runFolder();
    expect(existsSync(join(directory, '.virnucpro', 'models'))).toBe(false);
    await bindModel(directory, 'esm2-8m', CPU);
    expect(await bindModel(directory, 'dnabert-s', GPU)).toEqual(GPU);
  });

  it.each(['', '{}', '{"schema":2,"fingerprint":{}}', '{"schema":1,"fingerprint":{"dtype":null}}'])(
    'a file that holds %j → CheckpointError.Incompatible naming it',
    async (content) => {
      const directory = await runFolder();
      mkdirSync(join(directory, '.virnucpro', 'models'));
      writeFileSync(join(directory, '.virnucpro', 'models', 'esm2-8m.json'), content);
      await expect(bindModel(directory, 'esm2-8m', CPU)).rejects.toMatchObject({
        type: FailureType.CheckpointIncompatible,
        message: expect.stringContaining('esm2-8m.json'),
      });
    },
  );
});

describe('withBindings and recordBindings', () => {
  it('nothing bound → run.json as it is, and not written', async () => {
    const directory = await runFolder();
    const before = readFileSync(join(directory, 'run.json'), 'utf8');
    const manifest = (await readManifest(directory))!;
    expect(await withBindings(directory, manifest)).toEqual(manifest);
    await recordBindings(directory);
    expect(readFileSync(join(directory, 'run.json'), 'utf8')).toBe(before);
  });

  it('bound → its keys beside those of the description, other embedders as they are', async () => {
    const directory = await runFolder();
    await bindModel(directory, 'esm2-8m', CPU);
    await recordBindings(directory);
    expect((await readManifest(directory))?.embedders).toEqual({
      'esm2-8m': { fingerprint: { ...ESM.fingerprint, ...CPU } },
      kmer: { fingerprint: { model: 'kmer', dtype: 'float32' } },
    });
  });

  it('a run.json that was written without it since → it comes back', async () => {
    const directory = await runFolder();
    const old = (await readManifest(directory))!;
    await bindModel(directory, 'esm2-8m', CPU);
    await recordBindings(directory);
    await replaceManifest(directory, old);
    await recordBindings(directory);
    expect((await readManifest(directory))?.embedders['esm2-8m']?.fingerprint).toMatchObject(CPU);
  });

  it('no run.json, or a binding that cannot be read → recording leaves it to others to say so', async () => {
    await recordBindings(await temporaryFolder());
    const directory = await runFolder();
    await bindModel(directory, 'esm2-8m', CPU);
    writeFileSync(join(directory, '.virnucpro', 'models', 'esm2-8m.json'), '?');
    await recordBindings(directory);
    await expect(withBindings(directory, (await readManifest(directory))!)).rejects.toThrow('esm2-8m.json');
  });
});
