import { mkdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { RunOutcome } from '../../src/contract/outcome.ts';
import type { PredictionOutcome } from '../../src/contract/prediction.ts';
import { writeRandomClassifier } from '../support/classifier-model.ts';
import { REPOSITORY } from '../support/repository.ts';
import { makeInputs } from '../support/run-folder.ts';
import { ShellPlace, type Running } from '../support/shell-place.ts';

const PYTHON = process.env['VIRNUCPRO_PIPELINES_PYTHON'] ?? '';
const PREDICT = join(REPOSITORY, 'examples', 'python-client', 'predict.py');
const PROGRAM = join(REPOSITORY, 'examples', 'python-client', 'embed.py');

let place: ShellPlace;
beforeAll(() => {
  place = new ShellPlace({ TEMPORAL_ADDRESS: inject('servedAddress') });
});
afterAll(() => place?.remove());

/** Arguments of a start on inputs of this name, made when they are not there yet. */
function startArguments(name: string, ...more: string[]): string[] {
  const directory = place.path(name, 'out');
  return [PROGRAM, 'start', '--directory', directory, '--input', place.path(name, 'in'), ...more];
}

function makeFiles(name: string, files: number, records: number): void {
  const folder = place.path(name);
  mkdirSync(folder, { recursive: true });
  makeInputs(folder, files, records);
}

function python(args: readonly string[], env: Record<string, string> = {}): Running {
  return place.start(PYTHON, args, { PYTHONDONTWRITEBYTECODE: '1', ...env });
}

async function endingAs(running: Running) {
  const { code, stdout, stderr } = await running.ended;
  return { code, stderr, outcome: stdout === '' ? undefined : (JSON.parse(stdout) as unknown) };
}

type Ending<Outcome> = Promise<{ code: number | null; stderr: string; outcome: Outcome | undefined }>;

const ending = (running: Running) => endingAs(running) as Ending<RunOutcome>;
const predictionEnding = (running: Running) => endingAs(running) as Ending<PredictionOutcome>;

async function said(running: Running, text: string): Promise<void> {
  for (let i = 0; !running.stderr().includes(text); i++) {
    if (i > 1200) throw new Error(`it did not say ${text}:\n${running.stderr()}`);
    await sleep(50);
  }
}

describe('examples/python-client', () => {
  it('mypy, strict → no error', async () => {
    const { stdout, code } = await place.run(PYTHON, [
      ...['-m', 'mypy', '--strict', '--cache-dir', place.path('.mypy')],
      ...['embed.py', 'predict.py', 'virnucpro_client.py'].map((file) =>
        join(REPOSITORY, 'examples', 'python-client', file),
      ),
    ]);
    expect({ code, stdout }).toMatchObject({ code: 0 });
  });

  it('a start → success, with the counts; started again → all found; a damaged checkpoint → exit code 3, typed', async () => {
    makeFiles('counts', 2, 3);
    const args = startArguments('counts', '--embedder', 'kmer');
    const first = await ending(python(args));
    expect(first).toMatchObject({
      code: 0,
      outcome: { outcome: 'success', exitCode: 0, tasks: 2, embedded: 2, rows: 6 },
    });
    expect(first.stderr).toContain('Started virnucpro-py-');

    expect(await ending(python(args))).toMatchObject({ code: 0, outcome: { found: 2, embedded: 0 } });

    const report = JSON.parse(readFileSync(place.path('counts', 'out', 'report.json'), 'utf8')) as {
      checkpoints: { path: string }[];
    };
    const [bad] = report.checkpoints;
    truncateSync(place.path('counts', 'out', bad?.path ?? ''), 0);
    const stopped = await ending(python(args));
    expect(stopped).toMatchObject({
      code: 3,
      outcome: { outcome: 'checkpoint', failureType: 'CheckpointError.Corrupted', found: 1, failed: 1 },
    });
    expect(stopped.outcome?.offenders).toEqual([{ path: bad?.path, reason: 'corrupted: file is 0 bytes' }]);

    expect(await ending(python([...args, '--on-bad-checkpoint', 'skip']))).toMatchObject({
      code: 2,
      outcome: { outcome: 'partial', found: 1, skipped: 1 },
    });
  });

  it('a second program attaches and sees progress; Ctrl-C there → left alone; Ctrl-C at the first → cancelled, 130', async () => {
    makeFiles('slow', 2, 60);
    const starting = python(startArguments('slow', '--embedder', 'fake', '--embedder-option', 'delayMs=2000'));
    await said(starting, 'embedding: 0/2 done');
    const id = /Started (?<id>\S+)/u.exec(starting.stderr())?.groups?.['id'] ?? '';

    const watching = python([PROGRAM, 'watch', id]);
    await said(watching, 'embedding: 0/2 done');
    watching.signal('SIGINT');
    const left = await ending(watching);
    expect(left).toMatchObject({ code: 130, outcome: undefined });
    expect(left.stderr).toContain(`temporal workflow cancel --workflow-id ${id}`);

    starting.signal('SIGINT');
    const cancelled = await ending(starting);
    expect(cancelled).toMatchObject({ code: 130, outcome: { outcome: 'cancelled', exitCode: 130 } });
  });

  it('predict.py: a genome → success, with the counts; another classifier for the same folder → exit code 3, typed', async () => {
    makeFiles('genome', 1, 3);
    const fake = (dim: number) => ({ name: 'fake', options: { dim: String(dim) } });
    const more = { nucleotideEmbedder: fake(768), proteinEmbedder: fake(2560) };
    const predict = (seed: number) => {
      const model = place.path('genome', `${seed}_model.pth`);
      writeRandomClassifier(model, { seed });
      const paths = ['--directory', place.path('genome', 'out'), '--input', place.path('genome', 'in')];
      return predictionEnding(python([PREDICT, ...paths, '--model', model, '--request', JSON.stringify(more)]));
    };
    const first = await predict(1);
    expect(first).toMatchObject({ code: 0, outcome: { outcome: 'success', inputs: 1, predicted: 1, contigs: 3 } });
    expect(first.outcome?.embedding).toMatchObject({
      tasks: 2,
      embedded: 2,
      rows: 2 * (first.outcome?.sequences ?? 0),
    });
    expect(await predict(2)).toMatchObject({
      code: 3,
      outcome: { outcome: 'checkpoint', failureType: 'CheckpointError.Incompatible' },
    });
  });

  it('a request that cannot be; a run that is not there; no server → exit code 1 and the reason', async () => {
    const refused = await ending(python([...startArguments('counts', '--embedder', 'nobody')]));
    expect(refused).toMatchObject({ code: 1, outcome: { outcome: 'failed', failureType: 'RunError.InvalidInput' } });

    const unknown = await ending(python([PROGRAM, 'watch', 'nobody']));
    expect(unknown).toMatchObject({ code: 1, outcome: undefined });
    expect(unknown.stderr).toContain('not found');
    expect(unknown.stderr).not.toContain('Traceback');

    const nowhere = await ending(python([PROGRAM, 'watch', 'nobody'], { TEMPORAL_ADDRESS: '127.0.0.1:1' }));
    expect(nowhere).toMatchObject({ code: 1, outcome: undefined });
    expect(nowhere.stderr).not.toContain('Traceback');
  });
});
