import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import * as library from '../../../src/checkpoint/index.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

afterAll(library.closeCheckpointThreads);

const built = new URL('../../../dist/checkpoint/index.js', import.meta.url);

it('the example of the entry → writes, validates and reads', async () => {
  const path = join(await temporaryFolder(), 'sample_KMER.pt');
  await library.writeCheckpoint(path, { kind: 'vectors', ids: ['a'], rows: new Float32Array(136).fill(0.5), dim: 136 });
  expect(await library.validateCheckpoint(path, { level: 'deep' })).toMatchObject({ result: 'valid', kind: 'vectors' });
  const checkpoint = await library.openCheckpoint(path);
  expect(checkpoint.row(0)).toEqual(new Float32Array(136).fill(0.5));
  checkpoint.close();
});

it.skipIf(!existsSync(built))('a program that validated in a thread → ends by itself', () => {
  const fixture = fileURLToPath(new URL('../../fixtures/checkpoint/vectors.pt', import.meta.url));
  const program = `import { validateCheckpoint } from ${JSON.stringify(built.href)};
    console.log((await validateCheckpoint(${JSON.stringify(fixture)})).result);`;
  const started = performance.now();
  const ended = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  expect([ended.status, ended.stdout.trim()]).toEqual([0, 'valid']);
  // Idle threads live for 30 s: a program that waited for them would take longer than that.
  expect(performance.now() - started).toBeLessThan(30_000);
});
