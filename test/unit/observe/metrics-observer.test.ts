import { expect, it, onTestFinished } from 'vitest';
import type { ActivityEventBody, ObservedAttempt } from '../../../src/contract/activity-events.ts';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { MetricsObserver, type ServedWork } from '../../../src/observe/metrics-observer.ts';
import { METRICS } from '../../../src/observe/metric-names.ts';
import { RecordingMeter } from '../../support/recording-meter.ts';

const ATTEMPT: ObservedAttempt = {
  activity: 'embedFile',
  activityId: '7',
  attempt: 1,
  taskQueue: 'gpus',
  workflowId: 'w',
  workflowRunId: 'r',
};
const TASK = { plan: 'a'.repeat(64), index: 0, checkpoint: 'a_FAKE.pt', input: '/in/a.fa', embedder: 'fake', rows: 4 };

function observed(served: ServedWork = { embedders: [{ name: 'fake', slots: 2, taskQueue: 'gpus' }] }) {
  const meter = new RecordingMeter();
  const observer = new MetricsObserver(meter, served);
  onTestFinished(() => observer.stop());
  const tell = (body: ActivityEventBody, attempt: ObservedAttempt = { ...ATTEMPT, task: TASK }) =>
    observer.observe({ ...body, at: 0, attempt });
  return { meter, observer, tell, value: (name: string) => meter.values.get(name), recorded: meter.recorded };
}

it('an attempt that begins and fails before its task is known → a slot is busy, then a failure of its embedder', () => {
  const { tell, value } = observed();
  expect(value('virnucpro_slots{embedder=fake}')).toBe(2);
  tell({ type: 'attempt-begun' }, ATTEMPT);
  expect(value('virnucpro_busy_slots{embedder=fake}')).toBe(1);
  const failureType = FailureType.CheckpointUnavailable;
  tell({ type: 'attempt-ended', result: 'failed', seconds: 1, failureType, message: 'scripted' }, ATTEMPT);
  expect(value('virnucpro_busy_slots{embedder=fake}')).toBe(0);
  expect(value('virnucpro_attempts{activity=embedFile,embedder=fake,result=failed}')).toBe(1);
  expect(value('virnucpro_failures{activity=embedFile,embedder=fake,failure_type=CheckpointError.Unavailable}')).toBe(
    1,
  );
});

it.each([
  ['lost-device', 1],
  ['cancelled', 0],
  ['handed-back', 0],
  ['overtaken', 0],
] as const)('an attempt that ends as %s → %i failures', (result, failures) => {
  const { tell, meter } = observed();
  tell({ type: 'attempt-ended', result, seconds: 1, failureType: FailureType.EmbeddingDeviceLost });
  const counted = [...meter.values].filter(([name]) => name.startsWith('virnucpro_failures'));
  expect(counted.reduce((sum, [, count]) => sum + count, 0)).toBe(failures);
});

it('an embedder whose device is lost → no slots; one that is not served → nothing', () => {
  const { observer, value } = observed();
  observer.tellLost('fake');
  observer.tellLost('kmer');
  expect(value('virnucpro_slots{embedder=fake}')).toBe(0);
  expect(value('virnucpro_slots{embedder=kmer}')).toBeUndefined();
});

it('a batch of a model → rows, letters, tokens, and the halvings on its device', () => {
  const { tell, value, recorded } = observed();
  const cost = { tokens: 30, paddedTokens: 40, deviceSeconds: 0.5, halvings: 2 };
  tell({ type: 'batch-embedded', rows: 3, letters: 24, seconds: 0.25, cost });
  expect(value('virnucpro_letters{embedder=fake}')).toBe(24);
  expect(value('virnucpro_tokens{embedder=fake}')).toBe(30);
  expect(value('virnucpro_padded_tokens{embedder=fake}')).toBe(40);
  expect(value('virnucpro_oom_halvings{embedder=fake}')).toBe(2);
  expect(recorded.get('virnucpro_batch_rows{embedder=fake}')).toEqual([3]);
  expect(recorded.get('virnucpro_batch_seconds{embedder=fake}')).toEqual([0.25]);
});

it('a checkpoint that was there by then → counted, without bytes', () => {
  const { tell, value } = observed();
  const saved = { path: 'a_FAKE.pt', bytes: 100, rows: 4, sha256: 'b'.repeat(64), seconds: 0.1 };
  tell({ type: 'checkpoint-saved', outcome: 'existing', ...saved });
  tell({ type: 'checkpoint-saved', outcome: 'published', ...saved });
  expect(value('virnucpro_checkpoints{embedder=fake,outcome=existing}')).toBe(1);
  expect(value('virnucpro_checkpoint_bytes{embedder=fake}')).toBe(100);
});

it('a worker for files → its counters are there with 0 before anything happens', () => {
  const { value } = observed({ files: true, version: '1.2.3' });
  expect(value('virnucpro_finished_runs{outcome=checkpoint}')).toBe(0);
  expect(value('virnucpro_validations{activity=finishRun,result=corrupted}')).toBe(0);
  expect(value('virnucpro_failures{activity=saveCheckpoint,failure_type=CheckpointError.Unavailable}')).toBe(0);
  expect(value('virnucpro_build_info{version=1.2.3}')).toBe(1);
});

it('buckets → ascending, and at most 16: each is a time series', () => {
  for (const [name, definition] of Object.entries(METRICS)) {
    if (!('buckets' in definition)) continue;
    const { buckets } = definition;
    expect([name, buckets]).toEqual([name, buckets.toSorted((a, b) => a - b)]);
    expect(buckets.length).toBeLessThanOrEqual(16);
  }
});
