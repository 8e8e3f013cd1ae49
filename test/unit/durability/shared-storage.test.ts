import { execFile, execFileSync, spawn } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { settleCheckpoint } from '../../../src/activities/settle-checkpoint.ts';
import { readFailedCheckpoints } from '../../../src/checkpoint/failed-checkpoints.ts';
import { validateCheckpointSync } from '../../../src/checkpoint/validate-checkpoint.ts';
import type { FileSystem } from '../../../src/platform/file-system.ts';
import { openSpool } from '../../../src/spool/index.ts';
import { CrashFileSystem } from '../../support/crash-file-system.ts';
import { systemOf } from '../../support/port-methods.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { vectors, writePt } from '../../support/write-pt.ts';
import { embedAgain } from './carry-on.ts';
import { BATCHES, embed, emptyRun, save, soundEnd, SPOOL, type Told } from './life-of-a-task.ts';

const storage = { openSpool, settleCheckpoint };
const run = promisify(execFile);
const support = (name: string): string => join(import.meta.dirname, '../../support', name);

/** As a client that has cached the folder: names appear to it late, or not at all; what is asked for by name is there. */
function hiding(model: FileSystem, isHidden: (name: string) => boolean): FileSystem {
  return { ...systemOf(model), list: async (path) => (await model.list(path)).filter((name) => !isHidden(name)) };
}

describe('listings that lag', () => {
  test('any of the names of two earlier attempts hidden → an epoch of its own, the same checkpoint at the end', async () => {
    const sound = await soundEnd(storage, BATCHES);
    for (let hidden = 0; hidden < 2 ** 4; hidden++) {
      const model = new CrashFileSystem<Told>(await emptyRun());
      await embed(storage, model, { batches: [[0, 1]], sync: true }, () => {}).catch(() => {});
      await embed(storage, model, { batches: [[2, 3]], sync: true }, () => {}).catch(() => {});
      const names = (await model.list(SPOOL)).toSorted();
      expect(names).toHaveLength(4);
      const stale = hiding(model, (name) => ((hidden >> names.indexOf(name)) & 1) === 1);
      const broken: string[] = [];
      const embedded = await embedAgain(storage, BATCHES, stale, [], broken);
      expect(await model.list(SPOOL)).toContain('epoch-0000000003.json');
      await save(storage, stale, embedded, () => {});
      expect(model.disk.tree()).toEqual(sound);
    }
  });
});

describe('several processes', () => {
  test('eight that append to failed_checkpoints.txt → every entry of each, in its order, all of them whole', async () => {
    const folder = await temporaryFolder();
    const writers = Array.from({ length: 8 }, (_, writer) => `w${writer}`);
    await Promise.all(
      writers.map((writer) => run(process.execPath, [support('append-failures.mjs'), folder, writer, '25'])),
    );
    const { entries, malformed } = await readFailedCheckpoints(folder);
    expect(malformed).toEqual([]);
    for (const writer of writers) {
      const own = entries.filter(({ path }) => path.startsWith(`${writer}/`));
      expect(own.map(({ path }) => path)).toEqual(Array.from({ length: 25 }, (_, entry) => `${writer}/${entry}.pt`));
      expect(own.map(({ reason }) => reason.length)).toEqual(own.map((_, entry) => 'corrupted: '.length + entry * 20));
    }
  }, 120_000);

  test('a checkpoint that is replaced again and again while it is validated → one or the other, never a mix', async () => {
    const folder = await temporaryFolder();
    const target = join(folder, 'x.pt');
    const rows = Array.from({ length: 200 }, (_, row) => row);
    const idsOf = (name: string) => rows.map((row) => `${name}${row}`);
    const sources = await Promise.all(
      ['a', 'b'].map((name) => writePt(join(folder, `${name}.pt`), vectors({ ids: idsOf(name), dim: 64 }))),
    );
    copyFileSync(sources[0] as string, target);
    const child = spawn(process.execPath, [support('keep-replacing.mjs'), target, ...sources], { stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    const seen = new Map<string, number>();
    for (let look = 0; look < 400; look++) {
      const { result, code } = validateCheckpointSync(target, { level: 'deep', expect: { ids: idsOf('a') } });
      const what = `${result} ${code ?? ''}`.trim();
      seen.set(what, (seen.get(what) ?? 0) + 1);
    }
    // The other file's ids are not those asked for; a file that changed under the hand is told as unavailable.
    const allowed = ['valid', 'incompatible IDS_MISMATCH', 'unavailable FILE_CHANGED'];
    expect([...seen.keys()].filter((what) => !allowed.includes(what))).toEqual([]);
  }, 120_000);
});

describe('a disk that is full', () => {
  const inNamespace = ['-Urm', 'sh', '-c'];
  const canMount = mayMount();
  if (!canMount) console.log('skipped: this machine does not let a test mount a small tmpfs (unshare -Urm)');

  function mayMount(): boolean {
    try {
      execFileSync('unshare', [...inNamespace, 'mount -t tmpfs -o size=64k tmpfs /mnt'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  }

  // 64 rows of 4 KiB: too little for the spool, for the checkpoint beside it, for its last bytes.
  test.skipIf(!canMount).each([16, 280, 520])(
    '%d KiB left, then more → ENOSPC, rows kept; then a complete checkpoint and nothing else',
    async (freeKiB) => {
      const folder = await temporaryFolder();
      const script = `mount -t tmpfs -o size=1m tmpfs "$1" && exec "$2" "$3" "$1" "$4"`;
      const { stdout } = await run('unshare', [
        ...inNamespace,
        script,
        'sh',
        folder,
        process.execPath,
        support('disk-full.mjs'),
        String(freeKiB),
      ]);
      const { full, freed, result, rows, left } = JSON.parse(stdout);
      for (const { code } of full) expect(code).toBe('ENOSPC');
      const kept = Math.max(...full.map(({ durable = 0 }) => durable));
      expect(freed).toEqual({ recovered: expect.any(Number) });
      expect(freed.recovered).toBeGreaterThanOrEqual(kept);
      expect({ result, rows, left }).toEqual({ result: 'valid', rows: 64, left: ['.virnucpro', 'a_KMER.pt'] });
    },
    120_000,
  );
});
