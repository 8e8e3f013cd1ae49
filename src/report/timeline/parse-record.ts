import type { TimelineRecord } from './records.ts';

type Fields = Readonly<Record<string, 'number' | 'string' | 'object'>>;

/** Fields that a record must have to be taken for one. */
const REQUIRED: Readonly<Record<TimelineRecord['event'], Fields>> = {
  process: { host: 'string', pid: 'number', package: 'string', node: 'string', platform: 'string' },
  begin: { id: 'number', task: 'string', embedder: 'string', slot: 'number', attempt: 'number' },
  end: { id: 'number', result: 'string', rows: 'number' },
  model: { embedder: 'string', environment: 'object' },
  rows: { ms: 'number', embedder: 'string', rows: 'number' },
  saved: { task: 'string', outcome: 'string', bytes: 'number', sha256: 'string', seconds: 'number' },
};

/** @returns undefined for a line that is none of a timeline */
export function parseRecord(line: string): TimelineRecord | undefined {
  const value = parseJson(line) as Partial<Record<string, unknown>> | null | undefined;
  if (typeof value !== 'object' || value === null || !Number.isFinite(value['t'])) return undefined;
  const event = value['event'];
  if (typeof event !== 'string' || !Object.hasOwn(REQUIRED, event)) return undefined;
  const fields = REQUIRED[event as TimelineRecord['event']];
  for (const name in fields) if (typeof value[name] !== fields[name]) return undefined;
  return value as unknown as TimelineRecord;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
