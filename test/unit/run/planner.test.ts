import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { closeCheckpointThreads } from '../../../src/checkpoint/index.ts';
import { FailureType } from '../../../src/contract/failure-types.ts';
import type { EmbeddingRunInput } from '../../../src/contract/run-request.ts';
import { checkRequest } from '../../../src/run/compatibility.ts';
import { openManifest } from '../../../src/run/manifest.ts';
import { draftPlan } from '../../../src/run/planner.ts';
import { readSkipRecord, recordSkipped } from '../../../src/run/skipped-sequences.ts';
import { fasta } from '../../support/run-folder.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { vectors, writePt } from '../../support/write-pt.ts';

afterAll(closeCheckpointThreads);

const LIVE = new AbortController().signal;

/** A folder of inputs and how to plan for it. */
async function place(files: Record<string, string>) {
  const folder = await temporaryFolder();
  const directory = join(folder, 'out');
  mkdirSync(join(folder, 'in'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, 'in', name), content);
  const manifest = await openManifest(directory);
  const plan = async (more: Partial<EmbeddingRunInput> = {}, meanwhile: () => void = () => {}) => {
    const inputs = [join(folder, 'in')];
    const input: EmbeddingRunInput = { contract: 1, directory, inputs, embedders: [{ name: 'fake' }], ...more };
    const { request } = await checkRequest(input, manifest, LIVE);
    meanwhile();
    return draftPlan(directory, manifest.runId, request, LIVE);
  };
  return { directory, plan, input: (name: string) => join(folder, 'in', name) };
}

function sound(ids: string[], status = 'complete') {
  return vectors({ ids, dim: 16, status });
}

describe('draftPlan', () => {
  it('what is there decides: missing, found, in_progress, corrupted, incompatible', async () => {
    const files = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((stem) => [`${stem}.fa`, fasta(stem, 2)]));
    const { directory, plan } = await place(files);
    await writePt(join(directory, 'b_FAKE.pt'), sound(['b_0', 'b_1']));
    await writePt(join(directory, 'c_FAKE.pt'), sound(['c_0', 'c_1'], 'in_progress'));
    truncateSync(await writePt(join(directory, 'd_FAKE.pt'), sound(['d_0', 'd_1'])), 90);
    await writePt(join(directory, 'e_FAKE.pt'), sound(['e_1', 'e_0']));
    const before = readdirSync(directory, { recursive: true });
    const { plan: drafted, inTheWay } = await plan();
    const states = drafted.tasks.map(({ checkpoint, state, reason }) => [checkpoint[0], state, reason]);
    expect(states).toEqual([
      ['a', 'pending', 'missing'],
      ['c', 'pending', 'in_progress'],
      ['b', 'found', undefined],
      ['d', 'bad', 'corrupted'],
      ['e', 'bad', 'incompatible'],
    ]);
    expect(inTheWay).toEqual(['c_FAKE.pt']);
    expect(drafted.tasks[4]?.detail).toContain('ids do not match e.fa');
    expect(readdirSync(directory, { recursive: true })).toEqual(before);
    const recomputing = await plan({ onBadCheckpoint: 'recompute' });
    expect(recomputing.inTheWay.toSorted()).toEqual(['c_FAKE.pt', 'd_FAKE.pt', 'e_FAKE.pt']);
    const skipping = await plan({ onBadCheckpoint: 'skip' });
    expect(skipping.plan.tasks.filter(({ state }) => state === 'skipped')).toHaveLength(2);
    expect(skipping.inTheWay).toEqual(['c_FAKE.pt']);
  });

  describe('a checkpoint that does without some sequences', () => {
    const ids = ['a_0', 'a_1', 'a_2', 'a_3'];
    const skipped = [{ row: 1, id: 'a_1', reason: 'fails alone' }];
    const kept = ['a_0', 'a_2', 'a_3'];

    async function short(content = kept) {
      const planning = await place({ 'a.fa': fasta('a', 4) });
      await writePt(join(planning.directory, 'a_FAKE.pt'), sound(content));
      const stateOf = async (more: Partial<EmbeddingRunInput> = {}) => {
        const [task] = (await planning.plan(more)).plan.tasks;
        return [task?.state, task?.reason];
      };
      return { ...planning, stateOf };
    }

    it.each(['fail', 'skip'] as const)('exactly those on record, mode %s → found', async (onBadSequence) => {
      const { directory, stateOf } = await short();
      await recordSkipped(directory, 'a_FAKE.pt', kept, skipped);
      expect(await stateOf({ onBadSequence })).toEqual(['found', undefined]);
      expect(await stateOf({ onBadSequence, skipCheckpointValidation: true })).toEqual(['found', undefined]);
    });

    it('no record of it, or one that cannot be read as such → incompatible', async () => {
      const { directory, stateOf } = await short();
      expect(await stateOf()).toEqual(['bad', 'incompatible']);
      await recordSkipped(directory, 'a_FAKE.pt', kept, skipped);
      const folder = join(directory, '.virnucpro', 'skipped');
      const [name = ''] = readdirSync(folder);
      const whole = readFileSync(join(folder, name));
      for (let length = 0; length < whole.length - 1; length++) {
        writeFileSync(join(folder, name), whole.subarray(0, length));
        const record = await readSkipRecord(directory, 'a_FAKE.pt', kept);
        expect(record).toBeUndefined();
      }
      expect(await stateOf()).toEqual(['bad', 'incompatible']);
    });

    it('others than those on record, or in another order → incompatible', async () => {
      for (const content of [
        ['a_0', 'a_1', 'a_3'],
        ['a_0', 'a_2'],
        ['a_2', 'a_0', 'a_3'],
        ['a_0', 'a_2', 'x'],
      ]) {
        const { directory, stateOf } = await short(content);
        await recordSkipped(directory, 'a_FAKE.pt', kept, skipped);
        expect(await stateOf()).toEqual(['bad', 'incompatible']);
      }
    });

    it('on record, but the record names sequences of another input → incompatible', async () => {
      const { directory, stateOf } = await short();
      await recordSkipped(directory, 'a_FAKE.pt', kept, [{ row: 1, id: 'z_1', reason: '' }]);
      expect(await stateOf()).toEqual(['bad', 'incompatible']);
      await recordSkipped(directory, 'a_FAKE.pt', kept, [...skipped, { row: 2, id: 'a_2', reason: '' }]);
      expect(await stateOf()).toEqual(['bad', 'incompatible']);
    });

    it('a whole checkpoint beside a record of an earlier one → found', async () => {
      const { directory, stateOf } = await short(ids);
      await recordSkipped(directory, 'a_FAKE.pt', kept, skipped);
      expect(await stateOf()).toEqual(['found', undefined]);
    });

    it('not complete → to embed, like any other', async () => {
      const { directory, plan } = await short();
      await writePt(join(directory, 'a_FAKE.pt'), sound(kept, 'in_progress'));
      await recordSkipped(directory, 'a_FAKE.pt', kept, skipped);
      expect((await plan()).plan.tasks[0]).toMatchObject({ state: 'pending', reason: 'in_progress' });
    });
  });

  it('a file of more windows than fit → numbered parts that lie end to end; a small one beside it has no number', async () => {
    const { plan } = await place({ 'big.fa': fasta('big', 5), 'small.fa': fasta('small', 2) });
    const { tasks } = (await plan({ sequencesPerFile: 2 })).plan;
    expect(tasks.map(({ checkpoint, part }) => [checkpoint, part.first, part.count])).toEqual([
      ['big_1_FAKE.pt', 0, 2],
      ['big_2_FAKE.pt', 2, 2],
      ['big_3_FAKE.pt', 4, 1],
      ['small_FAKE.pt', 0, 2],
    ]);
  });

  it('two embedders → pending tasks grouped by embedder, in the order asked for', async () => {
    const { plan } = await place({ 'a.fa': fasta('a', 1), 'b.fa': fasta('b', 1) });
    const { tasks } = (await plan({ embedders: [{ name: 'kmer' }, { name: 'fake' }] })).plan;
    expect(tasks.map(({ checkpoint }) => checkpoint)).toEqual(['a_KMER.pt', 'b_KMER.pt', 'a_FAKE.pt', 'b_FAKE.pt']);
  });

  it('a part of one file has the name of another file → RunError.InvalidInput naming both', async () => {
    const { plan } = await place({ 'a.fa': fasta('a', 3), 'a_2.fa': fasta('b', 1) });
    const planning = plan({ sequencesPerFile: 2 });
    await expect(planning).rejects.toMatchObject({ type: FailureType.RunInvalidInput });
    await expect(planning).rejects.toThrow(/a\.fa and .*a_2\.fa would both be written to a_2_FAKE\.pt/u);
  });

  it('an input that changes after it was checked, with a checkpoint to compare it with → RunError.InvalidInput', async () => {
    const { directory, plan, input } = await place({ 'a.fa': fasta('a', 2) });
    await writePt(join(directory, 'a_FAKE.pt'), sound(['a1', 'a2']));
    const planning = plan({}, () => writeFileSync(input('a.fa'), fasta('z', 2)));
    await expect(planning).rejects.toThrow('the input changed while the run was being planned');
  });

  it('a folder where a checkpoint belongs → RunError.InvalidInput, not corrupted', async () => {
    const { directory, plan } = await place({ 'a.fa': fasta('a', 1) });
    mkdirSync(join(directory, 'a_FAKE.pt'));
    await expect(plan()).rejects.toMatchObject({ type: FailureType.RunInvalidInput });
  });
});
