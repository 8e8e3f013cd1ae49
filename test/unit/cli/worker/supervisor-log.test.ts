import { expect, it } from 'vitest';
import { supervisorLog } from '../../../../src/cli/worker/supervisor-log.ts';
import type { LogFormat } from '../../../../src/observe/index.ts';

/** What three lines become: of the supervisor, of one about a GPU, and of two of a process. */
function written(format: LogFormat): string[] {
  const lines: string[] = [];
  const { say, relay } = supervisorLog(format, (line) => lines.push(line));
  say('no GPU is left');
  say('another is started in 1 s', '1');
  relay('{"level":"info","gpu":"0","msg":"serving"}', '0');
  relay('{ last words of a crash', '0');
  return lines;
}

it('for people → each line about one GPU begins with its name', () => {
  expect(written('pretty')).toEqual([
    'no GPU is left',
    'GPU 1: another is started in 1 s',
    'GPU 0: {"level":"info","gpu":"0","msg":"serving"}',
    'GPU 0: { last words of a crash',
  ]);
});

it('as JSON → objects only; those of a process go through as they are', () => {
  const lines = written('json');
  expect(lines[2]).toBe('{"level":"info","gpu":"0","msg":"serving"}');
  const [left, about, , crash] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(left).toMatchObject({ level: 'info', msg: 'no GPU is left' });
  expect(about).toMatchObject({ level: 'info', gpu: '1', msg: 'another is started in 1 s' });
  expect(crash).toMatchObject({ level: 'warn', gpu: '0', msg: '{ last words of a crash' });
});
