import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { inspectCheckpoint, inspectCheckpointSync } from '../../../src/checkpoint/inspect-checkpoint.ts';
import { closeCheckpointThreads } from '../../../src/checkpoint/pool.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const fixtures = fileURLToPath(new URL('../../fixtures/checkpoint/', import.meta.url));

afterAll(closeCheckpointThreads);

it('a checkpoint → its entry and what each key holds', async () => {
  const path = join(fixtures, 'vectors.pt');
  expect(await inspectCheckpoint(path)).toEqual({
    path,
    result: 'valid',
    kind: 'vectors',
    version: '1.0',
    status: 'complete',
    rows: 3,
    dim: 16,
    bytes: 1067,
    integrity: 'structure',
    keys: {
      ids: { type: 'list', length: 3 },
      data: { type: 'Tensor', dtype: 'float32', shape: [3, 16] },
      version: { type: 'str', length: 3 },
      status: { type: 'str', length: 8 },
    },
  });
});

it('a batch → numpy types', () => {
  expect(inspectCheckpointSync(join(fixtures, 'batch_00001.pt')).keys).toEqual({
    embeddings: { type: 'ndarray', dtype: '<f2', shape: [3, 8] },
    sequence_ids: { type: 'list', length: 3 },
    metadata: { type: 'dict', length: 2 },
  });
});

it('keys named __proto__ and keys that are no text → plain entries, also from a thread', async () => {
  for (const { keys } of [
    await inspectCheckpoint(join(fixtures, 'generic.pt')),
    inspectCheckpointSync(join(fixtures, 'generic.pt')),
  ]) {
    expect(Object.keys(keys ?? {}).toSorted()).toEqual(['7', '__proto__', 'data']);
    expect(JSON.stringify(keys)).toContain('"__proto__":{"type":"str","length":5}');
  }
});

it('a list → incompatible, without keys', () => {
  const inspected = inspectCheckpointSync(join(fixtures, 'list.pt'));
  expect(inspected).toMatchObject({ result: 'incompatible', code: 'NOT_A_DICT' });
  expect(inspected).not.toHaveProperty('keys');
});

it('no file → corrupted', async () => {
  expect(inspectCheckpointSync(join(await temporaryFolder(), 'no.pt')).reason).toBe('corrupted: file does not exist');
});
