import { createHash } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { createFile } from './atomic-file.ts';
import { internal } from './run-folder.ts';

export function sha256Hex(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Writes a checked request to DIR/.virnucpro/requests/<digest>.json and returns the digest. */
export async function storeDocument(directory: string, document: object): Promise<string> {
  const content = JSON.stringify(document);
  const digest = sha256Hex(content);
  const folder = path.join(directory, internal.requests);
  await nodeFileSystem.makeFolder(folder);
  await createFile(path.join(folder, `${digest}.json`), content);
  return digest;
}

/** @throws Error if the file is not what was stored; errno errors */
export async function loadDocument<T>(directory: string, digest: string): Promise<T> {
  const content = await fs.readFile(path.join(directory, internal.requests, `${digest}.json`), 'utf8');
  if (sha256Hex(content) !== digest) throw new Error(`request ${digest} in ${directory} was changed on disk`);
  return JSON.parse(content) as T;
}
