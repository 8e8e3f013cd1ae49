import { describe, expect, it } from 'vitest';
import { offendersOf } from '../../../src/run/offenders.ts';

const HOLES = [
  { path: 'a_ESM.pt', reason: 'missing' },
  { path: 'b_ESM.pt', reason: 'missing' },
];

describe('offendersOf', () => {
  it('no failure → what is missing on disk', () => {
    expect(offendersOf('/out', undefined, HOLES)).toEqual(HOLES);
  });

  it('a failure about a file in the folder → that file first, by its relative path, not again', () => {
    const failure = { offenders: [{ path: '/out/b_ESM.pt', reason: 'corrupted: CRC' }] };
    expect(offendersOf('/out', failure, HOLES)).toEqual([{ path: 'b_ESM.pt', reason: 'corrupted: CRC' }, HOLES[0]]);
  });

  it('a reason that was cut on its way → the whole of it, as it is known on disk; a folder told with a slash at its end', () => {
    const failure = { offenders: [{ path: '/out/a_ESM.pt', reason: 'miss' }] };
    expect(offendersOf('/out/', failure, HOLES)).toEqual(HOLES);
  });

  it('two reasons for one file → both; the same twice → once', () => {
    const two = [
      { path: 'a_ESM.pt', reason: '"s1" skipped' },
      { path: 'a_ESM.pt', reason: '"s2" skipped' },
    ];
    expect(offendersOf('/out', undefined, [...two, ...two])).toEqual(two);
  });

  it('a file elsewhere, even beside a folder whose name begins alike → its path as it is', () => {
    const offenders = [
      { path: '/in/a.fa', reason: 'not FASTA' },
      { path: '/outside/a.pt', reason: 'corrupted' },
    ];
    expect(offendersOf('/out', { offenders }, [])).toEqual(offenders);
  });
});
