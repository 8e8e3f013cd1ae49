import { readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FailureType } from '../../src/contract/failure-types.ts';
import { createWorkers, type VirnucproWorkers } from '../../src/worker/index.ts';
import { writeRandomClassifier } from '../support/classifier-model.ts';
import { checkpointNames, fasta, leftovers, makeInputs } from '../support/run-folder.ts';
import { startTemporal, type Temporal } from '../support/temporal.ts';
import { WiringProject } from '../support/wiring-project.ts';

let temporal: Temporal;
let workers: VirnucproWorkers;
let running: Promise<void>;
let project: WiringProject;

/** What `virnucpro worker` serves, here; the examples' own workers beside it, as programs. */
beforeAll(async () => {
  temporal = await startTemporal();
  const { connection, server } = temporal;
  project = new WiringProject(server.address);
  await project.compile();
  for (const name of ['parent-workflow', 'single-activities', 'prediction']) project.start(join(name, 'worker.js'));
  workers = await createWorkers({ connection, namespace: 'default', address: server.address, log: () => {} });
  running = workers.run();
});

afterAll(async () => {
  await project?.stop();
  workers?.shutdown();
  await running;
  await temporal?.stop();
});

/** A folder of its own, with FASTA files in `in`. */
function place(name: string, files: number): { inputs: string; out: string; path: (name: string) => string } {
  const folder = join(project.folder, name);
  return { inputs: makeInputs(folder, files, 2), out: join(folder, 'out'), path: (inner) => join(folder, inner) };
}

describe('examples/wiring/parent-workflow', () => {
  const program = join('parent-workflow', 'start.js');

  it('a batch → its checkpoints; one damaged, the batch again → made again; other settings → a typed failure', async () => {
    const { inputs, out } = place('batch', 2);
    const first = await project.run(program, out, inputs);
    expect(JSON.parse(first.stdout)).toEqual({ checkpoints: 2, repaired: false, holes: [] });
    truncateSync(join(out, 's01_KMER.pt'), 50);
    const second = await project.run(program, out, inputs);
    expect(JSON.parse(second.stdout)).toEqual({ checkpoints: 2, repaired: true, holes: [] });
    writeFileSync(join(inputs, 's00.fa'), fasta('another', 3));
    const third = await project.run(program, out, inputs);
    expect(third).toMatchObject({ code: 1, stderr: expect.stringContaining(FailureType.CheckpointIncompatible) });
    expect(third.stderr).toContain('s00');
    const watched = await project.run(join('client', 'watch.js'), out);
    expect(watched).toMatchObject({ code: 3, stderr: expect.stringContaining(FailureType.CheckpointIncompatible) });
  });
});

describe('examples/wiring/prediction', () => {
  it('two samples, the classifier of one is missing → calls of the one, a typed problem of the other', async () => {
    const { inputs, path } = place('samples', 1);
    const model = path('500_model.pth');
    writeRandomClassifier(model, { seed: 1 });
    const fake = (dim: number) => ({ name: 'fake', options: { dim: String(dim) } });
    const request = { contract: 1, inputs: [inputs], nucleotideEmbedder: fake(768), proteinEmbedder: fake(2560) };
    const samples = {
      good: { ...request, directory: path('good_predictions'), model },
      bad: { ...request, directory: path('bad_predictions'), model: path('gone_model.pth') },
    };
    const { stdout, stderr } = await project.run(join('prediction', 'start.js'), JSON.stringify(samples));
    expect(stderr).toBe('');
    const screened = stdout.split('\n').filter(Boolean);
    expect(screened.map((line) => JSON.parse(line) as unknown)).toEqual([
      { sample: 'good', viralContigs: expect.any(Number) as number },
      { sample: 'bad', problem: expect.stringMatching(/^RunError\.InvalidInput: .*gone_model\.pth/u) as string },
    ]);
    expect(readdirSync(path(join('good_predictions', 's00_merged')))).toContain('prediction_results_contigs.tsv');
  });
});

describe('examples/wiring/single-activities', () => {
  const program = join('single-activities', 'start.js');

  it('three files, then one more → each handed on once, the folder given up', async () => {
    const { inputs, out, path } = place('hand-on', 3);
    const first = await project.run(program, out, path('target'), inputs);
    expect(JSON.parse(first.stdout)).toMatchObject({ outcome: 'success', embedded: 3 });
    expect(readdirSync(path('target')).toSorted()).toEqual(checkpointNames(out));
    for (const name of readdirSync(path('target'))) truncateSync(join(path('target'), name), 0);
    writeFileSync(join(inputs, 'new.fa'), fasta('new', 2));
    const second = await project.run(program, out, path('target'), inputs);
    expect(JSON.parse(second.stdout)).toMatchObject({ outcome: 'success', found: 3, embedded: 1 });
    expect(readdirSync(path('target'))).toContain('new_KMER.pt');
    expect(leftovers(out)).toEqual([]);
    expect(readdirSync(join(out, '.virnucpro'))).not.toContain('owner.json');
  });

  it('a request that cannot be → RunError.InvalidInput, naming what is wrong', async () => {
    const { out, path } = place('bad', 1);
    const { code, stderr } = await project.run(program, out, path('target'), path('nowhere'));
    expect([code, stderr]).toEqual([1, expect.stringContaining(FailureType.RunInvalidInput)]);
    expect(stderr).toContain('nowhere');
  });
});

describe('examples/wiring/schedule and client', () => {
  const nightly = (...args: string[]) => project.run(join('schedule', 'nightly.js'), ...args);

  /** The server acts on a trigger a moment later. */
  async function results(count: number): Promise<Record<string, unknown>[]> {
    for (;;) {
      const { stdout } = await nightly('results');
      const lines = stdout.split('\n').filter(Boolean);
      if (lines.length >= count) return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    }
  }

  it('two nights, a file dropped between → only that one is embedded; results by schedule and by folder', async () => {
    const { inputs, out } = place('drop', 2);
    expect(await nightly('create', out, inputs)).toMatchObject({ code: 0 });
    const { spec, policies } = await temporal.client.schedule.getHandle('nightly-embedding').describe();
    expect([spec.calendars?.[0]?.hour, policies.overlap]).toEqual([[{ start: 2, end: 2, step: 1 }], 'SKIP']);
    await nightly('trigger');
    expect(await results(1)).toMatchObject([{ outcome: 'success', found: 0, embedded: 2 }]);
    writeFileSync(join(inputs, 'dropped.fa'), fasta('dropped', 2));
    await nightly('trigger');
    const [, second, ...others] = await results(2);
    expect(second).toMatchObject({ outcome: 'success', found: 2, embedded: 1 });
    expect(second?.['workflowId']).toMatch(/^nightly-embedding-\d{4}-\d\d-\d\dT/u);
    expect(others).toEqual([]);
    expect(checkpointNames(out)).toEqual(['dropped_KMER.pt', 's00_KMER.pt', 's01_KMER.pt']);
    const watched = await project.run(join('client', 'watch.js'), out);
    expect(watched).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`watching ${String(second?.['workflowId'])}`),
    });
    expect(watched.stdout).toContain('success: all 3 checkpoints are complete');
    expect(await nightly('delete')).toMatchObject({ code: 0 });
  });
});
