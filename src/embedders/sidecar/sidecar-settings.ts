import { isAbsolute } from 'node:path';
import { badOption } from '../embedder-error.ts';
import { OptionReader } from '../options.ts';
import type { EmbedderOptions } from '../types.ts';
import type { SidecarModel } from './catalog.ts';

/** What the Python process gets as its one argument, as JSON; null: its own default. */
export interface SidecarSettings {
  embedder: string;
  /** Absolute folder or Hugging Face id; null: the published ones. */
  weights: string | null;
  /** Seed of random weights instead. */
  randomInit: number | null;
  /** Overrides of the architecture, for tests. */
  tiny: Readonly<Record<string, number>> | null;
  dtype: (typeof DTYPES)[number];
  device: (typeof DEVICES)[number];
  tokenBudget: number;
  maxLength: number;
  tooLong: (typeof TOO_LONG)[number];
  unknown: (typeof UNKNOWN)[number];
  /** What shall go wrong, for tests. */
  faults: Readonly<Record<string, unknown>>;
}

export interface SidecarOptions {
  settings: SidecarSettings;
  /** While a request waits; a start may take longer. */
  stallSeconds: number;
}

/** Names and meanings, for help texts. */
export const SIDECAR_OPTIONS = {
  weights: 'folder with the model as published, or a Hugging Face id (default: the published one)',
  randomInit: 'true: random weights instead, for rehearsals and benchmarks (default false)',
  seed: 'of random weights (default 0)',
  dtype: 'auto, float32, bfloat16 or float16 (default auto: bfloat16 or float16 on a GPU, float32 on a CPU)',
  device: 'auto, cpu or cuda (default auto)',
  tokenBudget: 'tokens that the device computes at a time, padding included (default 16384)',
  maxLength: 'longest sequence in letters (default 1024 for ESM-2, 10000 for DNABERT-S)',
  tooLong: 'reject or truncate what is longer (default reject)',
  unknown: 'reject sequences with letters that the model does not know, or replace those letters (default reject)',
  stallSeconds: 'kill the process when it gives no sign of life for so long (default 120)',
};

/**
 * Architecture and faults for tests, as JSON `{"tiny": {…}, "faults": {…}}`; only with random weights. Not in the help: no
 * user needs it.
 */
const REHEARSAL = 'rehearsal';

const DTYPES = ['auto', 'float32', 'bfloat16', 'float16'] as const;
const DEVICES = ['auto', 'cpu', 'cuda'] as const;
const TOO_LONG = ['reject', 'truncate'] as const;
const UNKNOWN = ['reject', 'replace'] as const;
const BOOLEANS = ['false', 'true'] as const;
/** With a revision, if any, after an `@`. */
const HUGGING_FACE_ID = /^\w[\w.-]*\/\w[\w.-]*(?:@[\w.-]+)?$/u;
const MAX_SEED = 2 ** 32 - 1;
const MAX_TOKEN_BUDGET = 2 ** 24;
const MAX_LENGTH = 2 ** 28;
const MAX_STALL_SECONDS = 86_400;
const DEFAULT_TOKEN_BUDGET = 16_384;
const DEFAULT_STALL_SECONDS = 120;

/** @throws VirnucproError `RunError.InvalidInput` naming the option */
export function readSidecarOptions(model: SidecarModel, options: EmbedderOptions): SidecarOptions {
  const reader = new OptionReader(model.name, options, SIDECAR_OPTIONS, [REHEARSAL]);
  const isRandom = reader.oneOf('randomInit', BOOLEANS) === 'true';
  const seed = reader.integer('seed', 0, MAX_SEED);
  const rehearsal = reader.text(REHEARSAL);
  if (!isRandom && seed !== undefined) throw needsRandomInit(model, 'seed');
  if (!isRandom && rehearsal !== undefined) throw needsRandomInit(model, REHEARSAL);
  return {
    settings: {
      embedder: model.name,
      weights: readWeights(model, reader, isRandom),
      randomInit: isRandom ? (seed ?? 0) : null,
      ...readRehearsal(model, rehearsal),
      dtype: reader.oneOf('dtype', DTYPES) ?? 'auto',
      device: reader.oneOf('device', DEVICES) ?? 'auto',
      tokenBudget: reader.integer('tokenBudget', 1, MAX_TOKEN_BUDGET) ?? DEFAULT_TOKEN_BUDGET,
      maxLength: reader.integer('maxLength', 1, MAX_LENGTH) ?? model.maxLength,
      tooLong: reader.oneOf('tooLong', TOO_LONG) ?? 'reject',
      unknown: reader.oneOf('unknown', UNKNOWN) ?? 'reject',
    },
    stallSeconds: reader.integer('stallSeconds', 1, MAX_STALL_SECONDS) ?? DEFAULT_STALL_SECONDS,
  };
}

/** Workers have other working folders, so a folder has to be absolute by now. */
function readWeights({ name }: SidecarModel, reader: OptionReader, isRandom: boolean): string | null {
  const weights = reader.text('weights') ?? null;
  if (weights === null || isAbsolute(weights) || HUGGING_FACE_ID.test(weights)) {
    if (weights !== null && isRandom) {
      throw badOption(`options of embedder ${name}: weights and randomInit exclude each other; leave one of them out`);
    }
    return weights;
  }
  throw badOption(
    `option weights of embedder ${name}: expected the absolute path of a folder or a Hugging Face id (owner/model), got "${weights}"`,
  );
}

function needsRandomInit({ name }: SidecarModel, option: string): Error {
  return badOption(`option ${option} of embedder ${name} is for random weights: give randomInit=true, too`);
}

function readRehearsal({ name }: SidecarModel, text = '{}'): Pick<SidecarSettings, 'tiny' | 'faults'> {
  try {
    const { tiny = null, faults = {} } = JSON.parse(text) as Partial<SidecarSettings>;
    return { tiny, faults };
  } catch {
    throw badOption(`option ${REHEARSAL} of embedder ${name}: expected a JSON object, got "${text}"`);
  }
}
