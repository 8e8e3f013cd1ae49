import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadedCheck } from '../../../src/activities/bind-loaded.ts';
import type { LoadedTask } from '../../../src/activities/task.ts';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { embedderFactory } from '../../../src/embedders/index.ts';
import type { Embedder, Fingerprint } from '../../../src/embedders/types.ts';
import { openManifest, type RunManifest } from '../../../src/run/manifest.ts';
import { recordBindings, withBindings } from '../../../src/run/model-binding.ts';
import { replaceManifest } from '../../../src/run/manifest.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const DESCRIPTION = embedderFactory('esm2-8m').describe({ randomInit: 'true' }, 'protein');
const CPU = { weightsDigest: 'random-init:0', dtype: 'float32' };

function embedderWith(loaded: Fingerprint | undefined): Embedder {
  const never = () => Promise.reject(new Error('not asked for'));
  return { description: DESCRIPTION, start: never, stop: never, embed: never, alive: true, loaded };
}

async function scene() {
  const directory = await temporaryFolder();
  const opened = await openManifest(directory);
  const embedders = { 'esm2-8m': { fingerprint: { ...DESCRIPTION.fingerprint } } };
  await replaceManifest(directory, { ...opened, embedders });
  const taskOf = (manifest: RunManifest) =>
    ({
      directory,
      manifest,
      embedder: { description: DESCRIPTION, options: {}, taskQueue: '' },
    }) as unknown as LoadedTask;
  const manifest = { ...opened, embedders };
  return { directory, manifest, taskOf };
}

describe('loadedCheck', () => {
  it('the first to load binds the folder; the same again passes', async () => {
    const { directory, manifest, taskOf } = await scene();
    await loadedCheck(taskOf(manifest))(embedderWith(CPU));
    await loadedCheck(taskOf(manifest))(embedderWith({ ...CPU }));
    expect((await withBindings(directory, manifest)).embedders['esm2-8m']?.fingerprint).toMatchObject(CPU);
  });

  it.each([
    ['dtype', { ...CPU, dtype: 'bfloat16' }, /differs in dtype: float32 in run\.json, bfloat16 here; .*dtype=/u],
    ['weights', { ...CPU, weightsDigest: 'sha256:1' }, /differs in weightsDigest: random-init:0 .* give every worker/u],
  ])('another %s → CheckpointError.Incompatible naming it', async (_, loaded, message) => {
    const { manifest, taskOf } = await scene();
    await loadedCheck(taskOf(manifest))(embedderWith(CPU));
    await expect(loadedCheck(taskOf(manifest))(embedderWith(loaded))).rejects.toMatchObject({
      type: FailureType.CheckpointIncompatible,
      message: expect.stringMatching(message),
    });
  });

  it('another after a restart within one task → refused, too', async () => {
    const { manifest, taskOf } = await scene();
    const check = loadedCheck(taskOf(manifest));
    await check(embedderWith(CPU));
    await expect(check(embedderWith({ ...CPU, dtype: 'float16' }))).rejects.toThrow('differs in dtype');
  });

  it('the binding is lost, run.json has it still → compared with that', async () => {
    const { directory, manifest, taskOf } = await scene();
    await loadedCheck(taskOf(manifest))(embedderWith(CPU));
    const recorded = await withBindings(directory, manifest);
    await recordBindings(directory);
    rmSync(join(directory, '.virnucpro', 'models'), { recursive: true });
    const check = loadedCheck(taskOf(recorded));
    await expect(check(embedderWith({ ...CPU, dtype: 'float16' }))).rejects.toThrow('differs in dtype');
  });

  it('an embedder whose description says everything → nothing is bound', async () => {
    const { directory, manifest, taskOf } = await scene();
    await loadedCheck(taskOf(manifest))(embedderWith(undefined));
    expect(await withBindings(directory, manifest)).toEqual(manifest);
  });
});
