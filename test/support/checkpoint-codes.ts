import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FAULT_OF_CODE } from '../../src/torch/errors.ts';

/**
 * Every code of a `CheckpointError` and its class, but for those of system calls: what src/torch declares, and what
 * src/checkpoint gives besides, read from the source.
 */
export function checkpointCodes(): Record<string, string> {
  const folder = fileURLToPath(new URL('../../src/checkpoint', import.meta.url));
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const codes: Record<string, string> = { ...FAULT_OF_CODE, FILE_CHANGED: 'unavailable' };
  for (const file of files) {
    const text = readFileSync(join(folder, file), 'utf8');
    for (const { groups } of text.matchAll(
      /\b(?<kind>corrupted|incompatible|unavailable)\(\s*\w+,\s*'(?<code>[A-Z_]+)'/gu,
    )) {
      if (groups) codes[groups['code'] ?? ''] = groups['kind'] ?? '';
    }
    // What judge.ts and row-layout.ts find is incompatible, always; a code with a system call beside it is that call's.
    for (const { groups } of text.matchAll(/(?:\bcode: |\bproblem\()'(?<code>[A-Z_]+)'(?!, syscall)/gu)) {
      if (groups) codes[groups['code'] ?? ''] ??= 'incompatible';
    }
  }
  return codes;
}
