import { plural, printable } from '../terminal.ts';
import type { Finding, FindingStatus } from './finding.ts';

const MARKS: Record<FindingStatus, string> = { ok: '✓', info: '·', warning: '!', problem: '✗' };

/** Findings for people. */
export function formatFindings(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, status, message, todo }) => [
    `${MARKS[status]} ${check.padEnd(width)}  ${printable(message)}`,
    ...(todo === undefined ? [] : [`${' '.repeat(width + 4)}→ ${printable(todo)}`]),
  ]);
  return `${[...lines, '', verdict(findings)].join('\n')}\n`;
}

function verdict(findings: readonly Finding[]): string {
  const problems = findings.filter(({ status }) => status === 'problem').length;
  const warnings = findings.filter(({ status }) => status === 'warning').length;
  if (problems > 0) return `✗ ${plural(problems, 'problem')}, ${plural(warnings, 'warning')}`;
  return warnings > 0 ? `! No problems, ${plural(warnings, 'warning')}` : '✓ No problems';
}
