import { createHash } from 'node:crypto';
import * as path from 'node:path';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { createFile } from '../run/atomic-file.ts';
import { inputsListing } from '../run/inputs.ts';
import { unwritable } from '../run/manifest.ts';
import { internal } from '../run/run-folder.ts';
import { MAX_INLINE_INPUTS } from '../schemas/contract.ts';

/** Half of what a payload may hold: a run that continues as new carries its state beside its input. */
const MAX_INLINE_BYTES = 32 * 1024;

/** Inputs as a request holds them: a long list lies in a file of the folder, which is written here. */
export async function nameInputs(
  directory: string,
  inputs: string[],
): Promise<{ inputs: string[] } | { inputsFile: string }> {
  const isLong = inputs.length > MAX_INLINE_INPUTS || Buffer.byteLength(JSON.stringify(inputs)) > MAX_INLINE_BYTES;
  return isLong ? { inputsFile: await storeInputs(directory, inputs) } : { inputs };
}

async function storeInputs(directory: string, inputs: readonly string[]): Promise<string> {
  const { name, content } = inputsListing(inputs);
  try {
    await nodeFileSystem.makeFolder(path.join(directory, internal.inputs));
    await createFile(path.join(directory, name), content);
  } catch (error) {
    throw unwritable(directory, error);
  }
  return name;
}

/** What two lists of inputs are compared by. */
export function digestOfInputs(inputs: readonly string[]): string {
  const listed = createHash('sha256').update(inputs.join('\0')).digest('hex').slice(0, 16);
  return `${inputs.length} (${inputs[0] ?? ''}${inputs.length > 1 ? ', …' : ''}, digest ${listed})`;
}
