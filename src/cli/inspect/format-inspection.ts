import type { CheckpointInspection, KeySummary } from '../../checkpoint/index.ts';
import { bytesText, plural, printable } from '../terminal.ts';

/** A dict of someone else's can have any number of keys. */
const MAX_SHOWN_KEYS = 100;

/** What is inside a checkpoint, for people. */
export function formatInspection(inspection: CheckpointInspection): string {
  const lines = [printable(inspection.path), ...table(factsOf(inspection), '  ')];
  const keys = Object.entries(inspection.keys ?? {});
  if (keys.length > 0) {
    const shown = keys.slice(0, MAX_SHOWN_KEYS).map(([name, key]) => [printable(name), describe(key)] as const);
    lines.push('', '  keys', ...table(shown, '    '));
    if (keys.length > MAX_SHOWN_KEYS) lines.push(`    … and ${keys.length - MAX_SHOWN_KEYS} more (--json has all)`);
  }
  for (const warning of inspection.warnings ?? []) lines.push('', `  warning: ${printable(warning)}`);
  return `${lines.join('\n')}\n`;
}

function factsOf(inspection: CheckpointInspection): (readonly [string, string])[] {
  const { result, reason, kind, version, status, rows, dim, bytes, integrity } = inspection;
  const facts: (readonly [string, string | undefined])[] = [
    ['result', result],
    ['reason', reason && printable(reason)],
    ['kind', kind],
    ['version', version && printable(version)],
    ['status', status === null ? 'none (0.x files carry none)' : status],
    ['rows', rows?.toLocaleString('en-US')],
    ['dim', dim?.toLocaleString('en-US')],
    ['size', bytes === undefined ? undefined : bytesText(bytes)],
    ['checked', integrity && CHECKED[integrity]],
  ];
  return facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined);
}

const CHECKED: Record<NonNullable<CheckpointInspection['integrity']>, string> = {
  header: 'size and ZIP directory',
  structure: 'everything but the tensor data (validate-checkpoints --deep checks that, too)',
  verified: 'every byte',
  unverified: 'everything that can be: the file carries no CRCs',
};

function describe({ type, dtype, shape, length }: KeySummary): string {
  const parts = [printable(type)];
  if (dtype !== undefined) parts.push(printable(dtype));
  if (shape !== undefined) parts.push(`[${shape.join(', ')}]`);
  if (length !== undefined) parts.push(plural(length, type === 'str' ? 'character' : 'element'));
  return parts.join('  ');
}

function table(rows: readonly (readonly [string, string])[], indent: string): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${indent}${name.padEnd(width)}  ${value}`);
}
