import { randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  attachPrediction,
  attachRun,
  connectClient,
  localConnectionSettings,
  startPrediction,
  type PredictionStatus,
} from '../../src/client/index.ts';
import { Command } from '../support/command.ts';
import { startDevServer, type DevServer } from '../support/dev-server.ts';
import {
  contigs,
  FAKE_SIDES,
  LENGTH,
  recordsOf,
  resultsOf,
  tableOf,
  writeClassifier,
} from '../support/predict-files.ts';
import { randomClassifier } from '../support/classifier-model.ts';
import { leftovers, sequence } from '../support/run-folder.ts';
import { workplace, type Workplace } from '../support/workplace.ts';

/** One server and one worker process for all tests of this file: the command is a client only. */
let server: DevServer;
let worker: Command;
let model: string;
let home: string;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'virnucpro-predict-'));
  model = writeClassifier(join(home, 'model.pth'));
  server = await startDevServer();
  const args = ['worker', '--role', 'all', '--embedder', 'fake', '--address', server.address];
  worker = new Command(args, { stateHome: join('/nonexistent', randomUUID()) });
  await worker.said('serving all');
});

afterAll(async () => {
  worker?.signal('SIGTERM');
  await worker?.ended;
  await server?.stop();
  rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
});

function place(): Workplace {
  return workplace({ TEMPORAL_ADDRESS: server.address });
}

/** Predicts inputs into `out`, both sides with the fake embedder. */
function predict(inputs: string | string[], ...more: string[]): string[] {
  const named = Array.isArray(inputs) ? inputs : [inputs];
  const settings = ['--model', model, '--expected-length', String(LENGTH), ...FAKE_SIDES];
  return ['predict', ...named, '-o', 'out', ...settings, '--json', ...more];
}

describe('predict: a whole prediction', () => {
  it('a FASTA file → 0, the fields of the contract, results that agree; again → found; a table cut → 3; recompute → as before', async () => {
    const at = place();
    writeFileSync(at.path('a.fa'), contigs('a', 6));
    const { code, stdout, stderr } = await at.run(predict('a.fa', '--sequences-per-file', '20'));
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const result = JSON.parse(stdout) as Record<string, number>;
    const scores = tableOf(at.path('out', 'a_merged', 'prediction_results.txt'));
    const chunks = tableOf(at.path('out', 'a_merged', 'prediction_results_highestscore.csv'));
    const called = tableOf(at.path('out', 'a_merged', 'prediction_results_contigs.tsv'));
    const { runId } = JSON.parse(readFileSync(at.path('out', 'run.json'), 'utf8')) as { runId: string };
    const counts = {
      contigs: called.length,
      viralContigs: called.filter(({ call }) => call === 'virus').length,
      chunks: recordsOf(at.path('out', `a_chunked${LENGTH}.fa`)).length,
      sequences: scores.length,
    };
    const parts = Math.ceil(scores.length / 20);
    const file = (name: string) => join('out', 'a_merged', name);
    expect(result).toEqual({
      ...{ schema: 1, outcome: 'success', exitCode: 0, directory: 'out', inputs: 1, predicted: 1, notes: [] },
      workflowId: `virnucpro-${runId.replaceAll('-', '').slice(0, 12)}`,
      ...counts,
      viralChunks: chunks.filter(({ Is_Virus }) => Is_Virus === 'True').length,
      embedding: {
        ...{ tasks: 2 * parts, found: 0, embedded: 2 * parts, failed: 0, skipped: 0, skippedSequences: 0 },
        rows: 2 * scores.length,
      },
      results: [
        {
          ...{ input: at.path('a.fa'), stem: 'a', result: 'predicted', ...counts },
          files: {
            chunked: join('out', `a_chunked${LENGTH}.fa`),
            nucleotide: join('out', 'a_nucleotide.fa'),
            protein: join('out', 'a_protein.faa'),
            predictions: file('prediction_results.txt'),
            highestScore: file('prediction_results_highestscore.csv'),
            contigs: file('prediction_results_contigs.tsv'),
          },
        },
      ],
      seconds: expect.any(Number),
    });
    expect(called.map(({ contig }) => contig)).toEqual(recordsOf(at.path('a.fa')).map(({ id }) => id));
    expect(scores.map(({ Sequence_ID }) => Sequence_ID)).toEqual(
      recordsOf(at.path('out', 'a_protein.faa')).map(({ id }) => id),
    );
    expect(leftovers(at.path('out'))).toEqual([]);
    expect(existsSync(at.path('out', 'report.html'))).toBe(true);
    expect(existsSync(at.path('out', 'a_nucleotide', 'output_1.fa'))).toBe(false);
    expect(stderr).toContain('Started virnucpro-');

    const before = resultsOf(at.path('out'));
    const again = await at.run(predict('a.fa').slice(0, -1));
    expect(again.code).toBe(0);
    expect(again.stdout).toContain(`success: ${counts.viralContigs} of 6 contigs viral, in 1 input;`);
    expect(again.stdout).toContain(`${2 * parts} found, 0 embedded`);
    expect(again.stdout).toContain(at.path('out', 'a_merged', 'prediction_results_contigs.tsv').slice(-20));
    expect(resultsOf(at.path('out'))).toEqual(before);

    truncateSync(at.path('out', 'a_merged', 'prediction_results.txt'), 40);
    const stopped = await at.run(predict('a.fa'));
    expect(stopped.code).toBe(3);
    expect(JSON.parse(stopped.stdout)).toMatchObject({
      ...{ outcome: 'checkpoint', error: { type: 'CheckpointError.Corrupted' } },
      results: [{ stem: 'a', result: 'missing' }],
    });
    expect(stopped.stderr).toContain('prediction_results.txt');
    expect((await at.run(predict('a.fa', '--on-bad-checkpoint', 'recompute'))).code).toBe(0);
    const after = Object.entries(resultsOf(at.path('out'))).filter(([name]) => !name.includes('.bad-'));
    expect(Object.fromEntries(after)).toEqual(before);
  });
});

describe('predict: inputs', () => {
  it('stdin, a gzip file and a folder → one prediction of all, a result of each', async () => {
    const at = place();
    mkdirSync(at.path('more'));
    writeFileSync(at.path('b.fa.gz'), gzipSync(contigs('b', 2)));
    writeFileSync(at.path('more', 'c.fna'), contigs('c', 3));
    const { code, stdout, stderr } = await at.run(predict(['-', 'b.fa.gz', 'more']), { stdin: contigs('in', 2) });
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const result = JSON.parse(stdout) as { results: { stem: string; contigs: number }[] };
    expect(result).toMatchObject({ inputs: 3, predicted: 3, contigs: 7 });
    expect(result.results.map(({ stem, contigs: count }) => [stem, count])).toEqual([
      ['b', 2],
      ['c', 3],
      ['stdin', 2],
    ]);
  });

  it('empty records, lower case, N only, ambiguous codons → predicted as VirNucPro does; empty ones are left out and named', async () => {
    const at = place();
    const letters = sequence(5, LENGTH);
    const odd = ['>empty', '>lower', letters.toLowerCase(), '>upper', letters, `>n\n${'N'.repeat(70)}`, '>amb'];
    writeFileSync(at.path('odd.fa'), [...odd, `GCNRYA${'GCA'.repeat(18)}`, ''].join('\n'));
    const { code, stdout } = await at.run(predict('odd.fa'));
    expect(code).toBe(0);
    const result = JSON.parse(stdout) as { notes: string[] };
    expect(result).toMatchObject({ outcome: 'success', contigs: 4 });
    expect(result.notes).toEqual([expect.stringContaining('1 record has no sequence and is left out')]);
    const called = tableOf(at.path('out', 'odd_merged', 'prediction_results_contigs.tsv'));
    expect(called.map(({ contig }) => contig)).toEqual(['lower', 'upper', 'n', 'amb']);
    expect(called[2]).toMatchObject({ call: 'unclassified', classified_chunks: '0' });
    const proteins = recordsOf(at.path('out', 'odd_protein.faa'));
    const of = (contig: string) => proteins.flatMap(({ id, letters: text }) => (id.startsWith(contig) ? [text] : []));
    expect(of('lower')).toEqual(of('upper'));
    expect(of('amb').length).toBeGreaterThan(0);
    expect(of('n')).toEqual([]);
  });

  it('no frame free of stops → exit 0, said, nothing embedded, well-formed tables', async () => {
    const at = place();
    writeFileSync(at.path('stops.fa'), `>s\n${'TAGCTAATTAACTAG'.repeat(8)}\n`);
    const { code, stdout } = await at.run(predict('stops.fa').filter((word) => word !== '--json'));
    expect(code).toBe(0);
    expect(stdout).toContain('0 of 1 contig viral; no frame is free of stops: nothing was classified');
    expect(tableOf(at.path('out', 'stops_merged', 'prediction_results.txt'))).toEqual([]);
    expect(tableOf(at.path('out', 'stops_merged', 'prediction_results_contigs.tsv'))).toMatchObject([
      { contig: 's', call: 'unclassified' },
    ]);
    expect(existsSync(at.path('out', 'stops_nucleotide'))).toBe(false);
  });

  it('two records of one id, proteins, no records → exit 1, naming each file and what is wrong with it', async () => {
    const at = place();
    const record = (id: string, letters: string) => `>${id}\n${letters.repeat(30)}\n`;
    writeFileSync(at.path('twice.fa'), record('a', 'GCA') + record('a', 'GCC'));
    writeFileSync(at.path('empty.fa'), '');
    writeFileSync(at.path('proteins.fa'), record('p', 'MKVLAAGIVGLCAKPWERTYHQNDFS'));
    const run = async (...names: string[]) => {
      const { code, stdout } = await at.run(predict(names));
      expect(code).toBe(1);
      const result = JSON.parse(stdout) as { error: { type: string; message: string } };
      expect(result).toMatchObject({ outcome: 'failed', exitCode: 1, predicted: 0, results: [] });
      expect(result.error.type).toBe('RunError.InvalidInput');
      return result.error.message;
    };
    const message = await run('twice.fa', 'empty.fa');
    expect(message).toMatch(/twice\.fa.*(?:twice|duplicate|both)/iu);
    expect(message).toMatch(/empty\.fa.*(?:empty|no records|no sequence)/iu);
    expect(await run('proteins.fa')).toContain('holds proteins');
  });
});

describe('predict: classifiers and settings that do not fit', () => {
  it('no such model → 1; one of other dimensions, a damaged one → 3; nothing is predicted', async () => {
    const at = place();
    writeFileSync(at.path('a.fa'), contigs('a', 1));
    writeClassifier(at.path('other.pth'), randomClassifier({ seed: 1, features: 20, hidden: 8 }));
    writeFileSync(at.path('cut.pth'), readFileSync(model).subarray(0, 9000));
    const models = [
      ['none.pth', 1, 'none.pth'],
      ['other.pth', 3, 'expected a classifier of 3328 features'],
      ['cut.pth', 3, 'cut.pth: corrupted'],
    ] as const;
    for (const [name, exitCode, message] of models) {
      const { code, stdout } = await at.run([...predict('a.fa'), '--model', name]);
      expect([name, code]).toEqual([name, exitCode]);
      expect(JSON.parse(stdout)).toMatchObject({ exitCode, error: { message: expect.stringContaining(message) } });
    }
    expect(existsSync(at.path('out', 'a_merged'))).toBe(false);
  });

  it('embed into the folder of a prediction, another length → 3, naming what differs', async () => {
    const at = place();
    writeFileSync(at.path('a.fa'), contigs('a', 2));
    expect((await at.run(predict('a.fa'))).code).toBe(0);
    const embed = await at.run(['embed', 'a.fa', '--out', 'out', '--embedder', 'fake']);
    expect([embed.code, embed.stderr]).toEqual([3, expect.stringContaining('out holds a prediction')]);
    const longer = await at.run([...predict('a.fa'), '--expected-length', '90']);
    expect([longer.code, longer.stderr]).toEqual([
      3,
      expect.stringContaining('expected length: 60 in run.json, 90 now'),
    ]);
  });

  it('arguments that contradict each other → exit 1 and a document that says so', async () => {
    const at = place();
    const refusals = [
      [predict(['a.fa', 'b.fa']).filter((word) => word !== '-o' && word !== 'out'), '2 inputs: name the output folder'],
      [['predict', 'a.fa', '--json'], "required option '--model <file>' not specified"],
      [[...predict('a.fa'), '--protein-option', 'dim=2561'], 'expected 3328 together'],
      [[...predict('-'), '--dry-run'], '--dry-run writes nothing'],
      [predict('gone.fa'), 'gone.fa'],
    ] as const;
    for (const [args, message] of refusals) {
      const { code, stdout } = await at.run(args);
      expect([message, code]).toEqual([message, 1]);
      expect(JSON.parse(stdout)).toMatchObject({
        ...{ schema: 1, outcome: 'failed', exitCode: 1, inputs: 0, results: [] },
        error: { message: expect.stringContaining(message) },
      });
    }
    expect(existsSync(at.path('out'))).toBe(false);
  });
});

describe('predict: what is there already', () => {
  it('--dry-run → says what would be done, writes nothing', async () => {
    const at = place();
    writeFileSync(at.path('a.fa'), contigs('a', 2));
    const { code, stdout } = await at.run(predict('a.fa', '--dry-run'));
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'planned', exitCode: 0, expectedLength: LENGTH, found: 0 });
    expect(existsSync(at.path('out'))).toBe(false);
  });

  it('a sequence that cannot be embedded → 2, without its part; --on-bad-sequence skip → 2, without the sequence alone', async () => {
    const at = place();
    writeFileSync(at.path('a.fa'), `${contigs('a', 2)}>free\n${'GCA'.repeat(LENGTH / 3)}\n`);
    const id = 'free_chunk_1F2';
    const bad = predict('a.fa', '--protein-option', `nanOn=${id}`);
    const failed = await at.run(bad);
    expect(failed.code).toBe(2);
    const skipped = await at.run([...bad, '-o', 'skipped', '--on-bad-sequence', 'skip']);
    expect(skipped.code).toBe(2);
    expect(JSON.parse(skipped.stdout)).toMatchObject({ outcome: 'partial', embedding: { skippedSequences: 1 } });
    const scored = tableOf(at.path('skipped', 'a_merged', 'prediction_results.txt')).map((row) => row['Sequence_ID']);
    expect([scored.includes(id), scored.includes('free_chunk_1F1')]).toEqual([false, true]);
  });
});

describe('startPrediction', () => {
  it('from a program → progress with the stages of open inputs, and a typed outcome; attachPrediction → the same', async () => {
    const at = place();
    writeFileSync(at.path('a.fa'), contigs('a', 3));
    const [directory, expectedLength] = [at.path('out'), LENGTH];
    const nucleotideEmbedder = { name: 'fake', options: { dim: '768', delayMs: '300' } };
    const proteinEmbedder = { name: 'fake', options: { dim: '2560' } };
    const settings = { nucleotideEmbedder, proteinEmbedder, expectedLength };
    const seen: PredictionStatus[] = [];
    const told: string[] = [];
    const say = (line: string) => void told.push(line);
    const client = await connectClient(localConnectionSettings(server.address));

    const prediction = await startPrediction(client, { directory, inputs: [at.path('a.fa')], model, ...settings });
    for await (const status of prediction.progress({ intervalMs: 100 })) {
      seen.push(status);
      for (const { stem, stage } of status.open) say(`${stem}: ${stage}`);
    }
    const outcome = await prediction.result();
    if (outcome.outcome === 'success') say(`${outcome.viralContigs} of ${outcome.contigs} contigs are viral`);

    expect(outcome).toMatchObject({ outcome: 'success', predicted: 1, contigs: 3 });
    expect(told).toContain('a: embedding');
    expect(told.at(-1)).toMatch(/^\d of 3 contigs are viral$/u);
    const embedding = seen.flatMap(({ open }) => open).filter(({ nucleotideRun }) => nucleotideRun !== undefined);
    expect(embedding.some(({ nucleotideRun }) => nucleotideRun?.total === 1)).toBe(true);
    expect(seen.some(({ openRows }) => openRows > 0)).toBe(true);
    const attached = await attachPrediction(client, { directory });
    expect([attached.attached, attached.workflowId]).toEqual([true, prediction.workflowId]);
    expect(await attached.result()).toEqual(outcome);
    await expect(attachRun(client, { directory })).rejects.toThrow('is of type predictVirus, not embeddingRun');
    await client.connection.close();
  });
});

describe('predict: other commands', () => {
  it('--detach; pause, resume, cancel, replay, doctor, report → act on the prediction, and on a side of it', async () => {
    const at = place();
    writeFileSync(at.path('a.fa'), contigs('a', 4));
    const started = await at.run(predict('a.fa', '--detach', '--nucleotide-option', 'delayMs=2000'));
    const { outcome, workflowId } = JSON.parse(started.stdout) as { outcome: string; workflowId: string };
    expect([started.code, outcome]).toEqual([0, 'started']);
    expect(await at.run(['pause', 'out'])).toMatchObject({ code: 0, stdout: `pause: asked ${workflowId}\n` });
    expect(await at.run(['resume', 'out'])).toMatchObject({ code: 0, stdout: `resume: asked ${workflowId}\n` });
    await until(() => existsSync(at.path('out', 'a_nucleotide', '.virnucpro', 'owner.json')));
    const side = await at.run(['pause', 'out/a_nucleotide']);
    expect([side.code, side.stdout]).toEqual([0, expect.stringMatching(/^pause: asked virnucpro-[0-9a-f]{12}$/mu)]);
    expect(side.stdout).not.toContain(workflowId);
    const watching = at.start(predict('a.fa', '--nucleotide-option', 'delayMs=2000'));
    await watching.said(`Attached to ${workflowId}`);
    expect((await at.run(['cancel', 'out'])).stdout).toBe(`cancel: asked ${workflowId}\n`);
    const cancelled = await watching.ended;
    expect(cancelled.code).toBe(130);
    expect(JSON.parse(cancelled.stdout)).toMatchObject({ outcome: 'cancelled', inputs: 1, predicted: 0 });

    const replayed = await at.run(['replay', 'out']);
    expect(replayed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^✓ (\d+) of \1 histories replayed/mu) });
    expect((await at.run(['replay', 'out/a_protein'])).code).toBe(0);
    const histories = readdirSync(at.path('out', '.virnucpro', 'histories'));
    expect(histories.some((name) => name.startsWith(workflowId))).toBe(true);
    expect(histories.length).toBeGreaterThan(1);
    const { stdout } = await at.run(['doctor', 'out', '--json']);
    const { findings } = JSON.parse(stdout) as { findings: { check: string; message: string }[] };
    const said = findings.filter(({ check }) => check === 'run' || check === 'plan').map(({ message }) => message);
    expect(said).toEqual([
      expect.stringMatching(/^prediction [0-9a-f-]{36} of .*: 1 input, fake and fake, classifier [0-9a-f]{12}$/u),
      '0/1 inputs have all results',
    ]);
    rmSync(at.path('out', 'report.html'));
    expect((await at.run(['report', 'out'])).code).toBe(0);
    expect(existsSync(at.path('out', 'report.html'))).toBe(true);
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}
