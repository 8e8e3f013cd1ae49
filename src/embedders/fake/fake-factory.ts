import { fileURLToPath } from 'node:url';
import { resolve } from 'node:path';
import type { Alphabet } from '../../sequences/types.ts';
import { entryUrl } from '../../platform/entry-url.ts';
import { checkedEmbedder } from '../checked-embedder.ts';
import { badOption } from '../embedder-error.ts';
import { OptionReader } from '../options.ts';
import { ProcessEmbedder } from '../process/process-embedder.ts';
import type { Embedder, EmbedderDescription, EmbedderFactory, EmbedderOptions } from '../types.ts';
import type { FakeSettings } from './fake-settings.ts';

const OPTIONS = {
  dim: 'values per row (default 16)',
  delayMs: 'milliseconds per sequence (default 0)',
  batchesAtOnce: 'batches that it computes at a time, others wait, as for a device (default: all that come)',
  log: 'file that gets one line "{file}<TAB>{ordinal}" per sequence it embeds',
  failOn: 'ids of records that make it fail, separated by commas',
  nanOn: 'ids of records whose rows are NaN',
  crashOn: 'ids of records at which it kills its own process, each time',
  oomOn: 'ids of records that do not fit into its memory',
  oomAbove: 'batches of more sequences than this are out of memory',
  deviceLostOn: 'ids of records at which it loses its device, once per task; then it fails until it is started again',
  crashAt: 'kills its own process at this sequence of a task, from 1, once per task',
};

const DEFAULT_DIM = 16;
const MAX_DIM = 65_536;
/** The dimension of merged checkpoints, which vectors must not have. */
const MERGED_DIM = 3328;
const MAX_COUNT = 2 ** 31 - 1;

/** @throws VirnucproError `RunError.InvalidInput` naming the option */
function readSettings(options: EmbedderOptions): FakeSettings {
  const reader = new OptionReader('fake', options, OPTIONS);
  const dim = reader.integer('dim', 1, MAX_DIM) ?? DEFAULT_DIM;
  if (dim === MERGED_DIM) {
    throw badOption(`option dim of embedder fake: ${MERGED_DIM} is the dimension of merged checkpoints; take another`);
  }
  const log = reader.text('log');
  return {
    dim,
    delayMs: reader.integer('delayMs', 0, MAX_COUNT) ?? 0,
    batchesAtOnce: reader.integer('batchesAtOnce', 1, MAX_COUNT) ?? MAX_COUNT,
    log: log === undefined ? undefined : resolve(log),
    failOn: idsOf(reader.text('failOn')),
    nanOn: idsOf(reader.text('nanOn')),
    crashOn: idsOf(reader.text('crashOn')),
    oomOn: idsOf(reader.text('oomOn')),
    oomAbove: reader.integer('oomAbove', 0, MAX_COUNT),
    deviceLostOn: idsOf(reader.text('deviceLostOn')),
    crashAt: reader.integer('crashAt', 1, MAX_COUNT),
  };
}

/** Ids may hold commas themselves: the whole text is one, too. */
function idsOf(text: string | undefined): string[] {
  return text === undefined ? [] : [...new Set([text, ...text.split(',')])];
}

function describe(options: EmbedderOptions, _alphabet: Alphabet): EmbedderDescription {
  const { dim } = readSettings(options);
  return {
    name: 'fake',
    alphabet: undefined,
    dim,
    kind: 'vectors',
    suffix: '_FAKE.pt',
    fingerprint: { model: 'fake', formula: 1, dim, dtype: 'float32' },
    batchSize: 32,
  };
}

function create(
  options: EmbedderOptions,
  description: EmbedderDescription,
  log: (line: string) => void = (line) => void process.stderr.write(`embedder fake: ${line}\n`),
): Embedder {
  const program = fileURLToPath(entryUrl(import.meta.url, './fake-process.js'));
  const args = [program, JSON.stringify(readSettings(options))];
  return checkedEmbedder(new ProcessEmbedder(description, { name: 'fake', command: process.execPath, args, log }));
}

/** Deterministic rows and faults on demand, for rehearsals and tests. */
export const fakeFactory: EmbedderFactory = {
  name: 'fake',
  summary: 'deterministic rows without meaning, and faults on demand: for rehearsals and tests',
  options: OPTIONS,
  pathOptions: ['log'],
  slots: 8,
  describe,
  create,
};
