import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { closeCheckpointThreads } from '../../../src/checkpoint/index.ts';
import { sweepSpools } from '../../../src/run/sweep-spools.ts';
import { taskSpool } from '../../../src/run/task-spool.ts';
import { planOf } from '../../support/plan.ts';
import { leftovers } from '../../support/run-folder.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { vectors, writePt } from '../../support/write-pt.ts';

afterAll(closeCheckpointThreads);

const LIVE = new AbortController().signal;

describe('sweepSpools', () => {
  it('spools of complete, unfinished and damaged checkpoints, one of another plan → only the complete ones go', async () => {
    const directory = await temporaryFolder();
    const plan = planOf({ states: ['pending', 'found', 'pending', 'pending'], windows: 2 });
    const folders = plan.tasks.map((task) => taskSpool(plan, task, plan.header.embedders[0]!).folder);
    const other = '.virnucpro/spool/of-another-plan';
    for (const folder of [...folders, other]) {
      mkdirSync(join(directory, folder), { recursive: true });
      writeFileSync(join(directory, folder, 'epoch-0000000001.json'), '{}');
    }
    for (const stem of ['a', 'b'])
      await writePt(join(directory, `${stem}_FAKE.pt`), vectors({ ids: ['x', 'y'], dim: 16 }));
    writeFileSync(join(directory, 'd_FAKE.pt'), 'damaged');
    await sweepSpools(directory, plan, LIVE);
    const kept = leftovers(directory).filter((name) => !name.endsWith('.json'));
    expect(new Set(kept)).toEqual(new Set([folders[2], folders[3], other]));
  });

  it('no spool was ever made → nothing happens', async () => {
    await expect(sweepSpools(await temporaryFolder(), planOf(), LIVE)).resolves.toBeUndefined();
  });
});
