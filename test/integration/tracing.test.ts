import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTemporal, type Temporal } from '../support/temporal.ts';
import { makeInputs } from '../support/run-folder.ts';
import { startSpanCollector, type CollectedSpan, type SpanCollector } from '../support/span-collector.ts';
import { workplace } from '../support/workplace.ts';

const RECORDS = 20;
const WITHOUT = fileURLToPath(new URL('../support/without-open-telemetry.mjs', import.meta.url));

let temporal: Temporal;
let collector: SpanCollector;

beforeAll(async () => {
  [temporal, collector] = await Promise.all([startTemporal(), startSpanCollector()]);
});

afterAll(async () => {
  collector?.stop();
  await temporal?.stop();
});

/** Names from the root of the trace down to this span. */
function pathOf(span: CollectedSpan): string[] {
  const parent = collector.spans.find(({ spanId }) => spanId === span.parentSpanId);
  if (span.parentSpanId === undefined || span.parentSpanId === '') return [span.name];
  return [...(parent === undefined ? ['?'] : pathOf(parent)), span.name];
}

function pathsOf(name: string): string[][] {
  return collector.spans.filter((span) => span.name === name).map(pathOf);
}

describe('--otel', () => {
  it('a run → one trace from the client over workflows and activities down to the embedding', async () => {
    const { address } = temporal.server;
    const at = workplace({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, TEMPORAL_ADDRESS: address });
    makeInputs(at.folder, 1, RECORDS);
    const worker = at.start(['worker', '--otel', '--address', address], { env: { OTEL_SERVICE_NAME: 'my-worker' } });
    await worker.said('serving all');
    const embed = await at.run(['embed', 'in', '--out', 'out', '--embedder', 'kmer', '--otel', '--json']);
    expect(embed).toMatchObject({ code: 0 });
    worker.signal('SIGTERM');
    expect((await worker.ended).code).toBe(0);

    const run = ['StartWorkflow:embeddingRun', 'RunWorkflow:embeddingRun'];
    const partition = [...run, 'StartChildWorkflow:embedPartition', 'RunWorkflow:embedPartition'];
    const embedding = [...partition, 'StartActivity:embedFile', 'RunActivity:embedFile'];
    expect(pathsOf('RunActivity:planRun')).toEqual([[...run, 'StartActivity:planRun', 'RunActivity:planRun']]);
    expect(pathsOf('RunActivity:saveCheckpoint')).toEqual([
      [...partition, 'StartActivity:saveCheckpoint', 'RunActivity:saveCheckpoint'],
    ]);
    expect(pathsOf('embed')).toEqual([[...embedding, 'embed']]);
    expect(pathsOf('waitForEmbedder')).toEqual([[...embedding, 'waitForEmbedder']]);
    expect(new Set(collector.spans.map(({ traceId }) => traceId)).size).toBe(1);
  });

  it('the spans → services, and what the attempt was about', () => {
    const named = (name: string) => collector.spans.find((span) => span.name === name);
    expect(named('StartWorkflow:embeddingRun')?.service).toBe('virnucpro');
    expect(named('RunWorkflow:embeddingRun')?.service).toBe('my-worker');
    const about = { 'virnucpro.task': 's00_KMER.pt', 'virnucpro.embedder': 'kmer', 'virnucpro.result': 'embedded' };
    expect(named('RunActivity:embedFile')?.attributes).toMatchObject({ ...about, 'virnucpro.rows': RECORDS });
    expect(named('embed')?.attributes).toMatchObject({
      'virnucpro.rows': RECORDS,
      'virnucpro.letters': 60 * RECORDS,
      'virnucpro.batches': 1,
    });
    expect(collector.spans.map(({ name }) => name)).not.toContain('HandleQuery:progress');
  });

  it('packages that are not installed → exit 1 and the npm command', async () => {
    const env = { NODE_OPTIONS: `--import=${WITHOUT}` };
    const { code, stderr } = await workplace(env).run(['worker', '--otel', '--address', temporal.server.address]);
    expect(stderr).toContain('tracing (--otel) needs packages that are not installed here, @opentelemetry/');
    expect(stderr).toContain('npm install @temporalio/interceptors-opentelemetry@~1.24.0 @opentelemetry/api@');
    expect(code).toBe(1);
  });

  it('a collector that does not answer → the run succeeds, and the log says so', async () => {
    const { address } = temporal.server;
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_EXPORTER_OTLP_TIMEOUT: '1000' };
    const at = workplace({ ...env, TEMPORAL_ADDRESS: address });
    makeInputs(at.folder, 1, RECORDS);
    const worker = at.start(['worker', '--otel', '--address', address]);
    await worker.said('serving all');
    expect(await at.run(['embed', 'in', '--out', 'out', '--embedder', 'kmer'])).toMatchObject({ code: 0 });
    worker.signal('SIGTERM');
    const { code, stderr } = await worker.ended;
    expect(code).toBe(0);
    expect(stderr).toContain('"msg":"tracing: ');
  });
});
