import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { DataConverter } from '@temporalio/common';
import { REPOSITORY } from './repository.ts';

/** The example that encrypts: what `--data-converter` is given. */
export const ENCRYPTING_CONVERTER = join(
  REPOSITORY,
  'examples',
  'wiring',
  'encrypting-converter',
  'data-converter.mjs',
);

/** A key as its variable `VIRNUCPRO_PAYLOAD_KEY` holds it. */
export function makeKey(): string {
  return randomBytes(32).toString('base64');
}

let loaded = 0;

/** The example with a key: as a process of its own would load it. */
export async function encryptingConverter(key: string, oldKeys = ''): Promise<DataConverter> {
  const before = { ...process.env };
  Object.assign(process.env, { VIRNUCPRO_PAYLOAD_KEY: key, VIRNUCPRO_PAYLOAD_OLD_KEYS: oldKeys });
  try {
    // Modules are loaded once: the query makes it another one.
    const module = (await import(`${ENCRYPTING_CONVERTER}?${loaded++}`)) as { dataConverter: DataConverter };
    return module.dataConverter;
  } finally {
    process.env = before;
  }
}
