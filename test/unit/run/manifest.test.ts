import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { openManifest, readManifest, replaceManifest, requireManifest, unwritable } from '../../../src/run/manifest.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe('openManifest', () => {
  it('no folder yet → folder and run.json with a new id, unbound', async () => {
    const folder = join(await temporaryFolder(), 'a', 'b');
    const manifest = await openManifest(folder);
    expect(manifest).toMatchObject({ schema: 1, embedders: {}, inputs: {} });
    expect(manifest).not.toHaveProperty('settings');
    expect(manifest.runId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/u);
  });

  it('twenty at once → all get the same id', async () => {
    const folder = await temporaryFolder();
    const manifests = await Promise.all(Array.from({ length: 20 }, () => openManifest(folder)));
    expect(new Set(manifests.map(({ runId }) => runId)).size).toBe(1);
  });

  it('a file in the way → RunError.InvalidInput naming the folder and what to do', async () => {
    const blocked = join(await temporaryFolder(), 'blocked');
    writeFileSync(blocked, '');
    for (const folder of [blocked, join(blocked, 'below')]) {
      await expect(openManifest(folder)).rejects.toMatchObject({
        type: FailureType.RunInvalidInput,
        message: expect.stringMatching(/output folder .* cannot be written: .*choose another with --out/u),
      });
    }
  });
});

describe('readManifest', () => {
  it('none → undefined', async () => {
    expect(await readManifest(await temporaryFolder())).toBeUndefined();
  });

  it.each([
    ['no JSON', 'not json'],
    ['another schema', '{"schema": 2}'],
    ['no id', '{"schema": 1, "createdAt": "", "embedders": {}, "inputs": {}}'],
    ['nothing', ''],
  ])('%s → CheckpointError.Incompatible, and the file stays', async (_, text) => {
    const folder = await temporaryFolder();
    writeFileSync(join(folder, 'run.json'), text);
    await expect(readManifest(folder)).rejects.toMatchObject({
      type: FailureType.CheckpointIncompatible,
      message: expect.stringContaining('is not a run.json that this version reads'),
    });
    expect(existsSync(join(folder, 'run.json'))).toBe(true);
  });

  it('unknown fields → ignored', async () => {
    const folder = await temporaryFolder();
    const manifest = await openManifest(folder);
    writeFileSync(join(folder, 'run.json'), JSON.stringify({ ...manifest, addedLater: true }));
    expect(await readManifest(folder)).toEqual(manifest);
  });
});

describe('requireManifest', () => {
  it('the right one → given; settings written before are there', async () => {
    const folder = await temporaryFolder();
    const manifest = { ...(await openManifest(folder)), settings: { chunkLength: 500, sequencesPerFile: 10 } };
    await replaceManifest(folder, manifest);
    expect(await requireManifest(folder, manifest.runId)).toEqual(manifest);
  });

  it('another run, or none → "{host} does not see {DIR}", retryable by default', async () => {
    const folder = await temporaryFolder();
    const { runId } = await openManifest(folder);
    const asked = 'f47ac10b-58cc-4372-a567-0e02b2c3d479';
    await expect(requireManifest(folder, asked)).rejects.toMatchObject({
      type: FailureType.CheckpointUnavailable,
      message: expect.stringMatching(
        new RegExp(`does not see ${folder}: expected run ${asked}, found run ${runId}`, 'u'),
      ),
    });
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    await expect(requireManifest(empty, asked, FailureType.RunInvalidInput)).rejects.toMatchObject({
      type: FailureType.RunInvalidInput,
      message: expect.stringContaining('found no run.json'),
    });
  });
});

describe('unwritable', () => {
  it.each(['EACCES', 'EROFS', 'ENOTDIR', 'ENOSPC', 'EDQUOT'])('%s → bad input', (code) => {
    const error = Object.assign(new Error(code), { code });
    expect(unwritable('/out', error)).toMatchObject({ type: FailureType.RunInvalidInput });
  });

  it.each(['EIO', 'ESTALE', 'EMFILE', undefined])('%s → as it is: it may pass', (code) => {
    const error = Object.assign(new Error('x'), { code });
    expect(unwritable('/out', error)).toBe(error);
  });
});
