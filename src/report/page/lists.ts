import type { ReadReport } from '../../run/report-schema.ts';
import type { PageContext } from './bars.ts';
import type { CheckpointList, CheckpointRow, Failure, FileList } from './page-data.ts';
import { shown } from './text.ts';

type ReportedCheckpoint = ReadReport['checkpoints'][number];

/** Checkpoints, those with trouble first: they are what a reader looks for, and what must not be cut. */
export function checkpointList({ checkpoints }: ReadReport, context: PageContext): CheckpointList {
  const { limits, notes } = context;
  const troubled = checkpoints.filter((one) => one.reason !== undefined);
  const sound = checkpoints.filter((one) => one.reason === undefined);
  const listed = [...troubled, ...sound].slice(0, limits.checkpoints);
  if (listed.length < checkpoints.length) {
    notes.push(
      `checkpoints: ${listed.length.toLocaleString('en-US')} of ${checkpoints.length.toLocaleString('en-US')} are listed, those with trouble first; report.json has all`,
    );
  }
  return { total: checkpoints.length, rows: listed.map((one) => checkpointRow(one, context)) };
}

function checkpointRow(one: ReportedCheckpoint, { strings, limits, embedders }: PageContext): CheckpointRow {
  const { path, input, embedder, result, rows = -1, bytes = -1, sha256 = '', attempts = -1, embedSeconds = -1 } = one;
  return [
    ...([
      strings.add(path, limits.name),
      strings.add(input, limits.name),
      embedders.indexOf(embedder),
      result,
    ] as const),
    ...([rows, bytes, sha256, attempts, embedSeconds, strings.add(one.reason, limits.reason)] as const),
  ];
}

/** Rows of each input file by embedder, in the order of the report. */
export function fileList({ checkpoints }: ReadReport, context: PageContext): FileList {
  const { embedders, limits, notes, strings } = context;
  const files = new Map<string, number[]>();
  for (const { input, embedder, rows = 0, result } of checkpoints) {
    let counts = files.get(input);
    if (counts === undefined) files.set(input, (counts = embedders.map(() => 0)));
    const at = embedders.indexOf(embedder);
    if (result === 'embedded' || result === 'found') counts[at] = (counts[at] ?? 0) + rows;
  }
  const byName = [...files].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const bySize = byName
    .map(([file, counts]) => ({ file, rows: Math.max(...counts) }))
    .toSorted((a, b) => b.rows - a.rows);
  const largest = new Set(bySize.slice(0, limits.files).map(({ file }) => file));
  const listed = byName.filter(([file]) => largest.has(file));
  if (listed.length < files.size) {
    notes.push(
      `rows per file: the ${listed.length.toLocaleString('en-US')} files with the most rows of ${files.size.toLocaleString('en-US')}`,
    );
  }
  return { total: files.size, rows: listed.map(([file, counts]) => [strings.add(file, limits.name), ...counts]) };
}

/** What could not be made, what was left bad, and what checkpoints do without. */
export function failureList({ checkpoints }: ReadReport, { limits, notes }: PageContext): Failure[] {
  const failures = checkpoints.filter((one) => one.reason !== undefined);
  if (failures.length > limits.failures) {
    notes.push(
      `failures: the first ${limits.failures} of ${failures.length.toLocaleString('en-US')}; report.json has all`,
    );
  }
  return failures.slice(0, limits.failures).map(({ path, input, embedder, result, reason = '' }) => ({
    what: shown(result === 'failed' ? input : path, limits.name),
    embedder: shown(embedder, limits.name),
    result: result === 'failed' || result === 'skipped' ? result : 'sequences skipped',
    reason: shown(reason, limits.reason),
  }));
}
