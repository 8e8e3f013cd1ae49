import { FailureType } from '../../contract/failure-types.ts';
import { StartRefusedError } from '../embedder-error.ts';
import type { EmbedderDescription, Fingerprint } from '../types.ts';

/** Of the frames between this adapter and `virnucpro_sidecar`. */
const PROTOCOL = 1;

/** Keys of a fingerprint that only the loaded model can tell. */
export const LOADED_KEYS = ['weightsDigest', 'dtype', 'tokenizer'] as const;

/** What the first frame of the process says of the loaded model. */
export interface Handshake {
  /** What goes into the fingerprint. */
  fingerprint: Fingerprint;
  /** Where it computes: `cpu` or `cuda`. */
  device: string;
  /** What it computes with: the version of torch and the device by its name. */
  environment: Readonly<Record<string, string>>;
  /** One line for the log. */
  summary: string;
}

/**
 * Checks that the process is the other half of this adapter and has loaded what the description promises.
 *
 * @throws StartRefusedError `EmbeddingError.Embedder` saying which side is older, or what differs
 */
export function readHandshake(description: EmbedderDescription, header: Readonly<Record<string, unknown>>): Handshake {
  const { name, fingerprint, dim } = description;
  requireProtocol(name, header['protocol']);
  const require = (key: string, expected: unknown): void => {
    if (header[key] === expected) return;
    throw refused(
      `embedder ${name}: its Python side has ${key} ${shown(header[key])}, this worker expects ${shown(expected)}; they are not of one version: is there another virnucpro_sidecar on PYTHONPATH?`,
    );
  };
  require('embedder', name);
  require('dim', dim);
  require('pooling', fingerprint['pooling']);
  require('maxLength', fingerprint['maxLength']);
  if (fingerprint['dtype'] !== undefined) require('dtype', fingerprint['dtype']);
  const weights = String(header['weights']);
  requireWeights(name, fingerprint, weights);
  return {
    fingerprint: {
      weightsDigest: weights,
      dtype: String(header['dtype']),
      ...(typeof header['tokenizer'] === 'string' ? { tokenizer: header['tokenizer'] } : {}),
    },
    device: String(header['device']).replace(/:.*$/u, ''),
    environment: {
      ...(typeof header['torch'] === 'string' ? { torch: header['torch'] } : {}),
      device: placeOf(header),
    },
    summary: `${String(header['model'])}, ${weights}, ${String(header['dtype'])} on ${placeOf(header)}`,
  };
}

function requireProtocol(name: string, protocol: unknown): void {
  if (protocol === PROTOCOL) return;
  const older =
    typeof protocol === 'number' && protocol > PROTOCOL ? 'this worker is older' : 'its Python side is older';
  throw refused(
    `embedder ${name}: its Python side speaks protocol ${shown(protocol)}, this worker speaks ${PROTOCOL}: ${older}; update it, or take virnucpro_sidecar from the same version (is there another one on PYTHONPATH?)`,
  );
}

/** Rows of random weights must never pass for others. */
function requireWeights(name: string, { weights: expected }: Fingerprint, digest: string): void {
  const found = digest.startsWith('random-init:') ? 'random-init' : 'trained';
  if (found === expected) return;
  throw refused(`embedder ${name}: asked for ${expected} weights, its Python side has loaded ${digest}`);
}

function refused(message: string): StartRefusedError {
  return new StartRefusedError(FailureType.EmbeddingEmbedder, message);
}

function placeOf(header: Readonly<Record<string, unknown>>): string {
  const device = String(header['device']);
  return typeof header['deviceName'] === 'string' ? `${device} (${header['deviceName']})` : device;
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return 'none';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
