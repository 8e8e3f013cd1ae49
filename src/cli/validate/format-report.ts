import { relative } from 'node:path';
import type { CheckpointEntry, FailedCheckpoint, FolderReport } from '../../checkpoint/index.ts';
import { printable } from '../terminal.ts';

/** As many of the recorded failures as the reference shows. */
const SHOWN_HISTORY = 5;

/**
 * A report for people, in the words of the Python reference.
 *
 * @param history what failed_checkpoints.txt of the folder holds, oldest first
 */
export function formatReport(report: FolderReport, history: readonly FailedCheckpoint[]): string {
  const blocks = [
    [`Found ${report.found} checkpoint file(s)`],
    counts(report),
    badOnes('Failed Checkpoints:', report, ({ result }) => result === 'corrupted' || result === 'incompatible'),
    badOnes('Unavailable Checkpoints:', report, ({ result }) => result === 'unavailable'),
    unfinished(report),
    warnings(report),
    historical(history),
    [verdict(report)],
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function counts({ valid, failed, inProgress, unavailable }: FolderReport): string[] {
  const lines = ['Validation Results:', `  Valid:  ${valid}`, `  Failed: ${failed}`];
  if (inProgress > 0) lines.push(`  In progress: ${inProgress} (sound, but not complete: recomputed by the next run)`);
  if (unavailable > 0) lines.push(`  Unavailable: ${unavailable} (could not be read: nothing is known about them)`);
  return lines;
}

function badOnes(title: string, report: FolderReport, isBad: (entry: CheckpointEntry) => boolean): string[] {
  const bad = report.checkpoints.filter(isBad);
  if (bad.length === 0) return [];
  const lines = bad.flatMap((entry) => [
    `  [${entry.result.toUpperCase()}] ${nameIn(report, entry)}`,
    `    Reason: ${printable(entry.reason ?? 'unknown')}`,
  ]);
  return [title, ...lines];
}

function unfinished(report: FolderReport): string[] {
  const open = report.checkpoints.filter(({ result, status }) => result === 'valid' && status === 'in_progress');
  if (open.length === 0) return [];
  return ['In Progress:', ...open.map((entry) => `  [IN_PROGRESS] ${nameIn(report, entry)}`)];
}

function warnings(report: FolderReport): string[] {
  const lines = report.checkpoints.flatMap((entry) =>
    (entry.warnings ?? []).map((warning) => `  ${nameIn(report, entry)}: ${printable(warning)}`),
  );
  return lines.length === 0 ? [] : ['Warnings:', ...lines];
}

function historical(history: readonly FailedCheckpoint[]): string[] {
  if (history.length === 0) return [];
  const shown = history.slice(-SHOWN_HISTORY).flatMap(({ path, reason, timestamp }) => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    return [`  ${printable(name)}: ${printable(reason)}`, `    Time: ${timestamp}`];
  });
  return ['Historical Failures (from failed_checkpoints.txt):', `  Total: ${history.length}`, ...shown];
}

function verdict({ failed, unavailable }: FolderReport): string {
  if (failed > 0) return `✗ Validation failed: ${failed} checkpoint(s) have issues`;
  if (unavailable > 0) return `✗ Validation incomplete: ${unavailable} checkpoint(s) could not be read`;
  return '✓ All checkpoints valid';
}

function nameIn(report: FolderReport, { path }: CheckpointEntry): string {
  return printable(relative(report.directory, path));
}
