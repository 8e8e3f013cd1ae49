import { appendFileSync, copyFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { asCheckpointError, checkSource, openAndCheck } from '../../../src/checkpoint/check-source.ts';
import { memorySource } from '../../../src/torch/index.ts';
import { errnoError } from '../../support/faulty-file-system.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { ptBytes, vectors } from '../../support/write-pt.ts';

const fixture = fileURLToPath(new URL('../../fixtures/checkpoint/vectors.pt', import.meta.url));

/** A signal that never aborts; what it is asked about in the middle of a deep check is the moment to interfere. */
function interfering(act: () => void): AbortSignal {
  const signal = new AbortController().signal;
  signal.throwIfAborted = act;
  return signal;
}

async function copyOfFixture(): Promise<string> {
  const path = join(await temporaryFolder(), 'x.pt');
  copyFileSync(fixture, path);
  return path;
}

describe('openAndCheck', () => {
  it('a file that grows while it is read, every time → unavailable, after three tries', async () => {
    const path = await copyOfFixture();
    let tries = 0;
    const signal = interfering(() => {
      tries++;
      appendFileSync(path, '');
      renameSync(path, `${path}.old`);
      copyFileSync(fixture, path);
      appendFileSync(`${path}.old`, 'x');
    });
    const { checked, source } = openAndCheck(path, { level: 'deep', signal });
    source?.close();
    expect(checked.problem).toMatchObject({ class: 'unavailable', code: 'FILE_CHANGED' });
    expect(tries).toBe(3);
  });

  it('a file that changes once → read again, and judged as it is then', async () => {
    const path = await copyOfFixture();
    let tries = 0;
    const signal = interfering(() => {
      if (++tries > 1) return;
      appendFileSync(path, 'x');
      renameSync(path, `${path}.old`);
      copyFileSync(fixture, path);
    });
    const { checked, source } = openAndCheck(path, { level: 'deep', signal });
    source?.close();
    expect(checked.problem).toBeUndefined();
    expect(tries).toBe(2);
  });

  it('a file that is replaced by another while it is read → judged as what is there then, never a mixture', async () => {
    const path = await copyOfFixture();
    const signal = interfering(() => {
      copyFileSync(fileURLToPath(new URL('../../fixtures/checkpoint/list.pt', import.meta.url)), `${path}.new`);
      renameSync(`${path}.new`, path);
    });
    const { checked, source } = openAndCheck(path, { level: 'deep', signal });
    source?.close();
    expect(checked).toMatchObject({ problem: { code: 'NOT_A_DICT' }, file: {} });
    expect(checked.version).toBeUndefined();
  });
});

describe('checkSource', () => {
  it('bytes in memory → judged by the name they are given', async () => {
    const bytes = await ptBytes(vectors());
    expect(checkSource(memorySource(bytes), 'x_KMER.pt', { level: 'deep' }).problem).toBeUndefined();
    expect(checkSource(memorySource(bytes), 'x_ESM.pt', { level: 'deep' }).problem?.code).toBe('KIND_MISMATCH');
  });
});

describe('asCheckpointError', () => {
  it.each(['EIO', 'EACCES', 'ESTALE', 'EMFILE', 'ETIMEDOUT', 'ELOOP'])('%s → unavailable, never corrupted', (code) => {
    const cause = errnoError(code, 'read');
    expect(asCheckpointError(cause, 'a.pt')).toMatchObject({ class: 'unavailable', code, path: 'a.pt', cause });
  });

  it('an error of no known kind → thrown on, it is a defect', () => {
    expect(() => asCheckpointError(new TypeError('defect'), 'a.pt')).toThrow('defect');
  });
});
