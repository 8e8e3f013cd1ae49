import { findSidecarPython } from '../../platform/sidecar-python.ts';
import type { EmbedderDescription, EmbedderFactory, EmbedderOptions, Fingerprint } from '../types.ts';
import { SIDECAR_MODELS, type SidecarModel } from './catalog.ts';
import { LOADED_KEYS } from './handshake.ts';
import { SidecarEmbedder } from './sidecar-embedder.ts';
import { readSidecarOptions, SIDECAR_OPTIONS, type SidecarSettings } from './sidecar-settings.ts';

/** What a GPU needs to be busy, and what a person waits for on a CPU: some seconds of work at most. */
const BATCH_RECORDS = 1024;
const BATCH_LETTERS = 131_072;

/** Factories of the models of `virnucpro_sidecar`. */
export const SIDECAR_FACTORIES: readonly EmbedderFactory[] = SIDECAR_MODELS.map((model) => ({
  name: model.name,
  summary: model.summary,
  options: SIDECAR_OPTIONS,
  folderOptions: ['weights'],
  slots: 2,
  isModel: true,
  describe: (options) => describe(model, options),
  create: (options, description, log = (line) => void process.stderr.write(`${line}\n`)) =>
    new SidecarEmbedder(description, readSidecarOptions(model, options), log),
  missing: () => {
    const python = findSidecarPython();
    return 'problem' in python ? python.problem : undefined;
  },
}));

function describe(model: SidecarModel, options: EmbedderOptions): EmbedderDescription {
  const { settings } = readSidecarOptions(model, options);
  const { name, alphabet, kind, suffix } = model;
  const dim = settings.tiny?.['hidden'] ?? model.dim;
  return {
    name,
    alphabet,
    dim,
    kind,
    suffix,
    fingerprint: fingerprintOf(model, settings, dim),
    loadedKeys: LOADED_KEYS,
    batchSize: BATCH_RECORDS,
    batchLetters: BATCH_LETTERS,
  };
}

/** What is known before the model is loaded; weights of one kind never pass for those of the other. */
function fingerprintOf(model: SidecarModel, settings: SidecarSettings, dim: number): Fingerprint {
  const { randomInit, dtype, tiny, maxLength, tooLong, unknown } = settings;
  return {
    model: model.model,
    weights: randomInit === null ? 'trained' : 'random-init',
    ...(randomInit === null ? {} : { seed: randomInit }),
    ...(tiny === null ? {} : { tiny: JSON.stringify(tiny) }),
    alphabet: model.alphabet,
    pooling: model.pooling,
    dim,
    maxLength,
    tooLong,
    unknown,
    ...(dtype === 'auto' ? {} : { dtype }),
  };
}
