import { expect, test } from 'vitest';
import { settleCheckpoint } from '../../../src/activities/settle-checkpoint.ts';
import { publishCheckpoint } from '../../../src/checkpoint/publish/publish-checkpoint.ts';
import { createFile, replaceFile } from '../../../src/run/atomic-file.ts';
import { openSpool, SpoolRows } from '../../../src/spool/index.ts';
import { PROBES } from './probes.ts';

const subject = { openSpool, SpoolRows, settleCheckpoint, publishCheckpoint, createFile, replaceFile };

test.each(Object.entries(PROBES))(
  '%s → nothing found',
  async (_, probe) => {
    expect(await probe(subject)).toEqual([]);
  },
  600_000,
);
