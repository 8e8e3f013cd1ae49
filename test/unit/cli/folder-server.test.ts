import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { folderServer } from '../../../src/cli/folder-server.ts';
import { shortRunId } from '../../../src/contract/names.ts';
import { processStartTime } from '../../../src/platform/process-identity.mjs';
import { openManifest, replaceManifest } from '../../../src/run/manifest.ts';
import { stateFolder } from '../../../src/server/index.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

let before: string | undefined;

beforeEach(async () => {
  before = process.env['XDG_STATE_HOME'];
  process.env['XDG_STATE_HOME'] = await temporaryFolder();
});

afterEach(() => {
  if (before === undefined) delete process.env['XDG_STATE_HOME'];
  else process.env['XDG_STATE_HOME'] = before;
});

/** This process stands for a server that is alive. */
function serve(runId: string): void {
  const folder = stateFolder(shortRunId(runId));
  mkdirSync(folder, { recursive: true });
  const self = { pid: process.pid, startTime: processStartTime(process.pid), host: hostname() };
  const place = { ip: '127.0.0.1', port: 1, uiPort: 2, binary: 'temporal', startedAt: 'now' };
  writeFileSync(join(folder, 'server.json'), JSON.stringify({ schema: 1, ...self, ...place }));
}

describe('folderServer', () => {
  it('a run folder → the server of its run, if that is alive', async () => {
    const directory = await temporaryFolder();
    const { runId } = await openManifest(directory);
    expect(await folderServer(directory)).toMatchObject({ host: { runId }, record: undefined });
    serve(runId);
    expect(await folderServer(directory)).toMatchObject({ manifest: { runId }, record: { pid: process.pid } });
  });

  it('a side of a prediction → the server of the prediction', async () => {
    const directory = await temporaryFolder();
    const above = await openManifest(directory);
    const side = { embedder: 'fake', fingerprint: {} };
    const prediction = { classifier: { sha256: '' }, nucleotide: side, protein: side };
    await replaceManifest(directory, { ...above, prediction });
    const { runId } = await openManifest(join(directory, 'a_nucleotide'));
    serve(above.runId);
    expect(await folderServer(join(directory, 'a_nucleotide'))).toMatchObject({
      ...{ manifest: { runId }, host: { runId: above.runId }, record: { pid: process.pid } },
    });
  });

  it('a run folder inside another one, or no run folder → none', async () => {
    const directory = await temporaryFolder();
    const above = await openManifest(directory);
    serve(above.runId);
    const { runId } = await openManifest(join(directory, 'inside'));
    expect(await folderServer(join(directory, 'inside'))).toMatchObject({ host: { runId }, record: undefined });
    expect(await folderServer(join(directory, 'nothing'))).toMatchObject({ host: undefined, record: undefined });
  });
});
