import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { createLog, sdkLogger } from '../../../src/observe/log.ts';
import { defaultLogFormat, type LogFormat } from '../../../src/observe/log-format.ts';

/** A log that keeps its lines. */
function recorded(format: LogFormat, fields: Record<string, string> = {}) {
  const lines: string[] = [];
  const log = createLog({ format, fields, destination: { write: (line: string) => void lines.push(line) } });
  return { lines, sdk: sdkLogger(log), log };
}

const META = {
  workflowId: 'virnucpro-0123456789ab-0',
  runId: 'execution-1',
  activityType: 'embedFile',
  taskQueue: 'virnucpro-gpu-kmer',
  attempt: 2,
  task: 'a_KMER.pt',
  embedder: 'kmer',
  taskToken: 'secret',
  isLocal: false,
};

describe('log as JSON', () => {
  it('a line of the SDK → our names for its fields, those that say nothing left out', () => {
    const { lines, sdk } = recorded('json', { gpu: '1' });
    sdk.warn('Activity failed', { ...META, error: ApplicationFailure.create({ message: 'broken', type: 'A.B' }) });
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/u),
      pid: process.pid,
      host: expect.any(String),
      gpu: '1',
      msg: 'Activity failed',
      workflowId: META.workflowId,
      workflowRunId: 'execution-1',
      activity: 'embedFile',
      queue: 'virnucpro-gpu-kmer',
      attempt: 2,
      task: 'a_KMER.pt',
      embedder: 'kmer',
      err: { type: 'A.B', message: 'broken', stack: expect.stringContaining('broken') },
    });
  });

  it('levels below info → nothing; the others by their names', () => {
    const { lines, sdk } = recorded('json');
    sdk.trace('no');
    sdk.debug('no');
    sdk.info('yes');
    sdk.log('ERROR', 'yes');
    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(['info', 'error']);
  });
});

describe('log for people', () => {
  it('a line → time, level, message, what it is about, and the cause', () => {
    const { lines, sdk, log } = recorded('pretty');
    sdk.warn('Activity failed', { ...META, error: new Error('broken') });
    log.info({ embedder: 'esm2-3b' }, 'reading weights');
    log.info('serving all');
    expect(lines.map((line) => line.replace(/^\[\d\d:\d\d:\d\d\] /u, ''))).toEqual([
      'WARN: Activity failed [virnucpro-0123456789ab-0 embedFile a_KMER.pt]: broken\n',
      'INFO: reading weights [esm2-3b]\n',
      'INFO: serving all\n',
    ]);
  });
});

it('a terminal → for people; a file or pipe → JSON', () => {
  expect(defaultLogFormat({ isTTY: true })).toBe('pretty');
  expect(defaultLogFormat({})).toBe('json');
});
