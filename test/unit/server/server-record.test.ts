import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identifyProcess } from '../../../src/platform/process-identity.mjs';
import {
  addressOf,
  isServerAlive,
  readRecordIn,
  removeRecordIn,
  uiUrlOf,
  writeRecordIn,
} from '../../../src/server/server-record.ts';
import type { ServerRecord } from '../../../src/server/server-record.ts';

const record: ServerRecord = {
  schema: 1,
  ...identifyProcess(),
  ip: '127.0.0.1',
  port: 7233,
  uiPort: 8233,
  binary: '/usr/bin/temporal',
  startedAt: '2026-01-01T00:00:00.000Z',
};

describe('server record', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'virnucpro-record-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('written → read back the same, no temporary file left', () => {
    writeRecordIn(folder, record);
    expect(readRecordIn(folder)).toEqual(record);
    expect(readdirSync(folder)).toEqual(['server.json']);
  });

  it.each([
    ['nothing', undefined],
    ['an empty file', ''],
    ['half a file', '{"schema":1,"pid":'],
    ['another schema', JSON.stringify({ ...record, schema: 2 })],
    ['a field of another type', JSON.stringify({ ...record, pid: '1' })],
    ['null', 'null'],
  ])('%s → no record', (_, text) => {
    if (text !== undefined) writeFileSync(join(folder, 'server.json'), text);
    expect(readRecordIn(folder)).toBeUndefined();
  });

  it('a record of another server → not removed', () => {
    writeRecordIn(folder, { ...record, pid: 1 });
    removeRecordIn(folder, record);
    expect(readRecordIn(folder)?.pid).toBe(1);
  });

  it('a process → alive; the same id at another time → not', () => {
    expect(isServerAlive(record)).toBe(true);
    expect(isServerAlive({ ...record, startTime: 'an earlier boot/1' })).toBe(false);
  });

  it('ports → address and web interface', () => {
    expect(addressOf(record)).toBe('127.0.0.1:7233');
    expect(uiUrlOf(record)).toBe('http://127.0.0.1:8233');
  });
});
