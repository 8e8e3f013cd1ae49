import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveTarget } from '../../../../src/cli/replay/targets.ts';
import { openManifest } from '../../../../src/run/manifest.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

describe('resolveTarget', () => {
  it('a word that names nothing on disk → a workflow id', async () => {
    expect(await resolveTarget('virnucpro-0123456789ab')).toEqual({
      kind: 'workflow',
      workflowId: 'virnucpro-0123456789ab',
    });
  });

  it('a path that is not there → an error that says what can be named', async () => {
    await expect(resolveTarget('gone/run')).rejects.toThrow(
      'gone/run does not exist; name a run folder, a workflow id',
    );
  });

  it('a file → that history', async () => {
    const file = join(await temporaryFolder(), 'history');
    await writeFile(file, '');
    expect(await resolveTarget(file)).toEqual({ kind: 'file', path: file });
  });

  it('a run folder without histories → its workflow', async () => {
    const directory = await temporaryFolder();
    const { runId } = await openManifest(directory);
    const workflowId = `virnucpro-${runId.replaceAll('-', '').slice(0, 12)}`;
    expect(await resolveTarget(directory)).toEqual({ kind: 'folder', directory, workflowId, stored: [] });
  });

  it('a run folder with stored histories → those, in order, without temporary files', async () => {
    const directory = await temporaryFolder();
    const histories = join(directory, '.virnucpro', 'histories');
    await mkdir(histories, { recursive: true });
    for (const name of ['b.json', 'a.json', '.c.json.1.tmp', '.d.json']) await writeFile(join(histories, name), '{}');
    const stored = ['a.json', 'b.json'].map((name) => join(histories, name));
    expect(await resolveTarget(directory)).toEqual({ kind: 'folder', directory, workflowId: undefined, stored });
  });

  it('a folder that is no run folder → an error', async () => {
    await expect(resolveTarget(await temporaryFolder())).rejects.toThrow('it has no run.json and no stored histories');
  });
});
