import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { FailureType } from '../../../../src/contract/failure-types.ts';
import { EmbedderProcess, type Patience } from '../../../../src/embedders/process/child-process.ts';
import { processStartTime } from '../../../../src/platform/process-identity.mjs';

const READY = `
  const { encodeFrame, FrameDecoder } = await import(${JSON.stringify(built('process/frames.js'))});
  const { writeSync } = await import('node:fs');
  const send = (header, payload) => { for (const bytes of encodeFrame(header, payload)) writeSync(3, bytes); };
  const decoder = new FrameDecoder();
  const onFrame = (take) => process.stdin.on('data', (bytes) => { for (const frame of decoder.push(bytes)) take(frame); });
  process.stdin.on('end', () => process.exit(0));
  send({ ready: true, model: 'test' });
`;

function built(file: string): string {
  return new URL(`../../../../dist/embedders/${file}`, import.meta.url).href;
}

/** A process that starts another; neither can be ended by a SIGTERM. Answers name the other's id. */
const DEAF = `
  import { spawn } from 'node:child_process';
  process.on('SIGTERM', () => console.log('not now'));
  const program = 'process.on("SIGTERM", () => 0); setInterval(() => 0, 1000); console.log("up")';
  const other = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'] });
  await new Promise((resolve) => other.stdout.once('data', resolve));
  ${READY}
  onFrame(({ header }) => { if (header.exit) process.exit(1); send({ id: header.id, pid: other.pid }); });
`;

interface StartOptions {
  command?: string;
  killGraceMs?: number;
  patience?: Patience;
}

function start(program: string, options: StartOptions = {}) {
  const { command = process.execPath, killGraceMs = 100, patience } = options;
  const lines: string[] = [];
  const child = new EmbedderProcess({
    name: 'test',
    command,
    args: ['--input-type=module', '-e', program],
    log: (line) => void lines.push(line),
    killGraceMs,
    ...(patience === undefined ? {} : { patience }),
  });
  onTestFinished(() => child.stop());
  return { child, lines };
}

function request(child: EmbedderProcess, header: object = {}, signal = new AbortController().signal) {
  return child.request(header, Buffer.from('letters'), signal);
}

/** Not so for the remains of a process, which may lie about until its new parent looks after them. */
function isRunning(pid: number): boolean {
  return processStartTime(pid) !== undefined;
}

async function untilGone(pid: number): Promise<void> {
  while (isRunning(pid)) await setTimeout(5);
}

describe('EmbedderProcess', () => {
  test('ready and a request → its answers', async () => {
    const { child } = start(`${READY} onFrame(({ header, payload }) => send({ id: header.id }, payload));`);
    expect(await child.ready).toMatchObject({ model: 'test' });
    expect(String((await request(child)).payload)).toBe('letters');
    expect(child.alive).toBe(true);
  });

  test('answers in another order → each to its request', async () => {
    const { child } = start(
      `${READY} const seen = []; onFrame(({ header }) => { seen.push(header); if (seen.length === 3)
        for (const { id, text } of seen.reverse()) send({ id }, Buffer.from(text)); });`,
    );
    const answers = await Promise.all(['a', 'b', 'c'].map((text) => request(child, { text })));
    expect(answers.map(({ payload }) => String(payload))).toEqual(['a', 'b', 'c']);
  });

  test('an error of a known type → that type; of another → Embedder', async () => {
    const { child } = start(
      `${READY} onFrame(({ header }) => send({ id: header.id, error: { type: header.type, message: 'no' } }));`,
    );
    await expect(request(child, { type: FailureType.EmbeddingDeviceLost })).rejects.toMatchObject({
      type: FailureType.EmbeddingDeviceLost,
      message: 'embedder test: no',
    });
    await expect(request(child, { type: 'Bad' })).rejects.toMatchObject({ type: FailureType.EmbeddingEmbedder });
  });

  test('prints to stdout and stderr → logged line by line, answers unharmed', async () => {
    const { child, lines } = start(
      `${READY} onFrame(({ header, payload }) => { console.log('VNF1 out'); console.error('err');
        send({ id: header.id }, payload); });`,
    );
    expect(String((await request(child)).payload)).toBe('letters');
    while (lines.length < 2) await setTimeout(1);
    expect(lines.toSorted()).toEqual(['VNF1 out', 'err']);
  });

  test('abort of one request → its reason, the process is told, the other request goes on', async () => {
    const { child } = start(
      `${READY} let other; onFrame(({ header }) => {
        if (header.drop !== undefined) { send({ id: header.drop }); send({ id: other }, Buffer.from('dropped')); }
        else other = header.id; });`,
    );
    const abort = new AbortController();
    const aborted = request(child, {}, abort.signal);
    const other = request(child);
    await child.ready;
    abort.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    expect(String((await other).payload)).toBe('dropped');
    await expect(request(child, {}, abort.signal)).rejects.toThrow('enough');
  });

  test('killed → every request rejects, naming the signal and its last words; then it is not alive', async () => {
    const { child, lines } = start(`${READY} onFrame(() => { console.error('out of luck'); });`);
    const requests = [request(child), request(child)].map((answer) => answer.catch((error: unknown) => error));
    while (lines.length < 2) await setTimeout(1);
    process.kill(child.pid as number, 'SIGKILL');
    for (const error of await Promise.all(requests)) {
      expect(error).toMatchObject({ type: FailureType.EmbeddingEmbedder });
      expect((error as Error).message).toMatch(
        /^embedder test: its process \(pid \d+\) was killed by SIGKILL; it last said: out of luck/u,
      );
    }
    expect(child.alive).toBe(false);
    await expect(request(child)).rejects.toThrow('was killed by SIGKILL');
  });

  test('ends before it is ready → start rejects, naming the exit code', async () => {
    const { child } = start('process.exit(86)');
    await expect(child.ready).rejects.toMatchObject({
      type: FailureType.EmbeddingEmbedder,
      message: expect.stringMatching(/^embedder test: its process \(pid \d+\) ended with exit code 86/u),
    });
  });

  test('a command that is not there → start rejects', async () => {
    const { child } = start('', { command: '/nowhere/python3' });
    await expect(child.ready).rejects.toThrow(
      'embedder test: its process could not be started: spawn /nowhere/python3',
    );
    expect(child.alive).toBe(false);
  });

  test('answers that are no frames → killed, requests reject', async () => {
    const { child } = start(`${READY} onFrame(() => writeSync(3, 'a stray print, long enough'));`);
    await expect(request(child)).rejects.toThrow(/broke the protocol: expected a frame, found bytes 6120/u);
    await untilGone(child.pid as number);
  });

  test('says why it cannot be ready → start rejects with that type, what it prints meanwhile is logged', async () => {
    const { child, lines } = start(
      `${READY.replace('ready: true', `fatal: { type: 'EmbeddingError.DeviceLost', message: 'no device' }, not: true`)}
       console.error('a trace'); setTimeout(() => process.exit(86), 50);`,
    );
    await expect(child.ready).rejects.toMatchObject({
      type: FailureType.EmbeddingDeviceLost,
      message: 'embedder test: no device',
    });
    expect(child.alive).toBe(false);
    await expect(request(child)).rejects.toThrow('no device');
    await untilGone(child.pid as number);
    await vi.waitFor(() => expect(lines).toEqual(['a trace']), 30_000);
  });

  test('says so and ends at once, again and again → always that type, never just an exit code', async () => {
    const program = `
      const { encodeFrame } = await import(${JSON.stringify(built('process/frames.js'))});
      const { writeSync } = await import('node:fs');
      for (const bytes of encodeFrame({ fatal: { type: 'EmbeddingError.DeviceLost', message: 'no device' } })) writeSync(3, bytes);
      process.kill(process.pid, 'SIGKILL');`;
    for (let round = 0; round < 8; round++) await expect(start(program).child.ready).rejects.toThrow('no device');
  });

  const SOON = { startMs: 60_000, answerMs: 2000 };

  test('says nothing from the start → killed when the patience is over', async () => {
    const { child } = start('setInterval(() => 0, 1000)', { patience: { startMs: 200, answerMs: 60_000 } });
    await expect(child.ready).rejects.toThrow('gave no sign of life for 0.2 s (last: starting)');
    await untilGone(child.pid as number);
  });

  test('a request without answer or pulse → killed, saying what it did last; all requests reject', async () => {
    const { child } = start(`${READY} onFrame(({ header }) => { if (header.last) send({ pulse: 'pondering' }); });`, {
      patience: SOON,
    });
    const requests = [request(child), request(child, { last: true })];
    for (const answer of requests) await expect(answer).rejects.toThrow('(last: pondering)');
    await untilGone(child.pid as number);
  });

  test('pulses for longer than the patience → the answer', async () => {
    const { child } = start(
      `${READY} onFrame(({ header }) => { let left = 40; const timer = setInterval(() => {
        if (--left > 0) return send({ pulse: 'at work' });
        clearInterval(timer); send({ id: header.id }, Buffer.from('late')); }, 100); });`,
      { patience: { ...SOON, answerMs: 3000 } },
    );
    expect(String((await request(child)).payload)).toBe('late');
  });

  test('nobody waits for an answer → silence is no hang', async () => {
    const { child } = start(`${READY} onFrame(({ header, payload }) => send({ id: header.id }, payload));`, {
      patience: { ...SOON, answerMs: 3000 },
    });
    await request(child);
    await setTimeout(7000);
    expect(String((await request(child)).payload)).toBe('letters');
  });

  test('stop → what it has started is gone too', async () => {
    const { child } = start(
      `import { spawn } from 'node:child_process'; ${READY}
       const other = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)'], { stdio: 'ignore' });
       onFrame(({ header }) => send({ id: header.id, pid: other.pid }));`,
    );
    const { header } = await request(child);
    expect(isRunning(Number(header['pid']))).toBe(true);
    await child.stop();
    await untilGone(Number(header['pid']));
    expect(child.alive).toBe(false);
  });

  test('stop of one that ends on SIGTERM → nothing is waited for', async () => {
    const { child } = start(`process.on("SIGTERM", () => process.exit(7)); ${READY} onFrame(() => 0);`, {
      killGraceMs: 2 ** 31 - 1,
    });
    await child.ready;
    await child.stop();
    await expect(request(child)).rejects.toThrow('ended with exit code 7');
    await child.stop();
  });

  test('stop of one that ignores SIGTERM, as does what it started → told, then both are killed', async () => {
    const { child, lines } = start(DEAF, { killGraceMs: 3000 });
    const { header } = await request(child);
    await child.stop();
    expect(child.alive).toBe(false);
    expect(lines).toEqual(['not now']);
    await expect(request(child)).rejects.toThrow('was killed by SIGKILL');
    await untilGone(Number(header['pid']));
  });

  test('ends and leaves a process that ignores SIGTERM → that one is killed', async () => {
    const { child } = start(DEAF);
    const { header } = await request(child);
    expect(isRunning(Number(header['pid']))).toBe(true);
    await expect(request(child, { exit: true })).rejects.toThrow('ended with exit code 1');
    await untilGone(Number(header['pid']));
  });

  test.runIf(process.platform === 'linux')(
    'no descriptor is free → a retryable Embedder error that says so',
    async () => {
      const program = `
      const { EmbedderProcess } = await import(${JSON.stringify(built('process/child-process.js'))});
      const { closeSync, openSync } = await import('node:fs');
      const taken = [];
      try { for (;;) taken.push(openSync('/dev/null')); } catch {}
      const child = new EmbedderProcess({ name: 'test', command: process.execPath, args: [], log: () => {} });
      const errors = [child.request({}, new Uint8Array(), new AbortController().signal), child.ready];
      const [asked, ready] = await Promise.allSettled(errors);
      await child.stop();
      for (const fd of taken) closeSync(fd);
      console.log(JSON.stringify({ alive: child.alive, types: [asked.reason.type, ready.reason.type], message: ready.reason.message }));
    `;
      const inShell = ['-c', 'ulimit -n 64; exec "$0" --input-type=module -e "$1"', process.execPath, program];
      const { stdout } = await promisify(execFile)('sh', inShell);
      expect(JSON.parse(stdout)).toEqual({
        alive: false,
        types: [FailureType.EmbeddingEmbedder, FailureType.EmbeddingEmbedder],
        message: 'embedder test: its process could not be started: too many open files',
      });
    },
  );

  test.runIf(process.platform === 'linux')('the worker is killed → its embedder process ends', async () => {
    const worker = spawn(process.execPath, [
      '--input-type=module',
      '-e',
      `
      const { embedderFactory } = await import(${JSON.stringify(built('index.js'))});
      const fake = embedderFactory('fake');
      const embedder = fake.create({ delayMs: '60000' }, fake.describe({}, 'protein'));
      const { signal } = new AbortController();
      await embedder.start(signal);
      const items = [{ id: 'a', ordinal: 0, sequence: 'M' }];
      embedder.embed({ file: 'f', scratchFolder: '/nowhere' }, items, signal);
      const { readFileSync } = await import('node:fs');
      console.log(readFileSync('/proc/' + process.pid + '/task/' + process.pid + '/children', 'utf8'));
    `,
    ]);
    const [line] = (await once(createInterface({ input: worker.stdout }), 'line')) as [string];
    const pid = Number(line.trim());
    expect(isRunning(pid)).toBe(true);
    worker.kill('SIGKILL');
    await untilGone(pid);
  });
});
