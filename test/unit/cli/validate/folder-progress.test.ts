import { expect, it } from 'vitest';
import { folderProgress } from '../../../../src/cli/validate/folder-progress.ts';

/** A stream that keeps what is written, and a clock that is set by hand. */
function stage(isTTY: boolean) {
  const written: string[] = [];
  const clock = { ms: 0 };
  const stream = { isTTY, write: (text: string) => written.push(text) };
  return { written, clock, progress: folderProgress(stream, () => clock.ms) };
}

it('a folder that is checked at once → nothing is shown', () => {
  const { written, progress } = stage(true);
  progress.add({ path: 'a.pt', result: 'valid' });
  progress.end();
  expect(written).toEqual([]);
});

it('a folder that takes longer → counts, and a clean line at the end', () => {
  const { written, clock, progress } = stage(true);
  progress.add({ path: 'a.pt', result: 'valid' });
  clock.ms = 1500;
  progress.add({ path: 'b.pt', result: 'corrupted' });
  progress.add({ path: 'c.pt', result: 'valid' });
  progress.end();
  expect(written).toEqual(['\r\u001b[KChecked 2 checkpoints, 1 not valid', '\r\u001b[K']);
});

it('no terminal → nothing, however long it takes', () => {
  const { written, clock, progress } = stage(false);
  clock.ms = 60_000;
  progress.add({ path: 'a.pt', result: 'valid' });
  progress.end();
  expect(written).toEqual([]);
});
