import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isProcessAlive } from '../platform/process-identity.mjs';
import { stateFolder } from './state-folder.ts';

/** `server.json` in the state folder: which process serves the run, and where. */
export interface ServerRecord {
  readonly schema: 1;
  readonly pid: number;
  /** tells this process from a later one with the same id */
  readonly startTime: string;
  readonly host: string;
  readonly ip: string;
  readonly port: number;
  readonly uiPort: number;
  readonly binary: string;
  /** ISO 8601, UTC */
  readonly startedAt: string;
  /** A namespace that only the server of this folder has; absent in records of versions that did not make one. */
  readonly ownNamespace?: string;
}

/** @returns undefined if no server was started for this run, or it was stopped, or the record is not one of ours */
export function readServerRecord(runId12: string): ServerRecord | undefined {
  return readRecordIn(stateFolder(runId12));
}

/** False for a server of another host: nothing can be known about it from here. */
export function isServerAlive(record: ServerRecord): boolean {
  return isProcessAlive(record);
}

/** `host:port` for a Temporal client. */
export function addressOf(record: ServerRecord): string {
  return `${record.ip}:${record.port}`;
}

/** Address of Temporal's web interface. */
export function uiUrlOf(record: ServerRecord): string {
  return `http://${record.ip}:${record.uiPort}`;
}

/** @internal */
export function readRecordIn(folder: string): ServerRecord | undefined {
  try {
    const record: unknown = JSON.parse(readFileSync(recordPath(folder), 'utf8'));
    return isRecord(record) ? record : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** @internal */
export function writeRecordIn(folder: string, record: ServerRecord): void {
  const temp = `${recordPath(folder)}.${process.pid}`;
  writeFileSync(temp, `${JSON.stringify(record, undefined, 2)}\n`);
  renameSync(temp, recordPath(folder));
}

/** @internal Leaves the record of a server that has taken this one's place. */
export function removeRecordIn(folder: string, record: ServerRecord): void {
  const found = readRecordIn(folder);
  if (found?.pid === record.pid && found.startTime === record.startTime) rmSync(recordPath(folder), { force: true });
}

function recordPath(folder: string): string {
  return join(folder, 'server.json');
}

const FIELDS: Readonly<Record<Exclude<keyof ServerRecord, 'ownNamespace'>, 'number' | 'string'>> = {
  schema: 'number',
  pid: 'number',
  startTime: 'string',
  host: 'string',
  ip: 'string',
  port: 'number',
  uiPort: 'number',
  binary: 'string',
  startedAt: 'string',
};

function isRecord(value: unknown): value is ServerRecord {
  if (typeof value !== 'object' || value === null || !('schema' in value) || value.schema !== 1) return false;
  const fields = value as Record<string, unknown>;
  const { ownNamespace } = fields;
  if (ownNamespace !== undefined && typeof ownNamespace !== 'string') return false;
  return Object.entries(FIELDS).every(([name, type]) => typeof fields[name] === type);
}
