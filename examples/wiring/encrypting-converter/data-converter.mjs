// Encrypts everything that clients and workers give to the Temporal server: give this file to each of them, with the same key.
//
//   export VIRNUCPRO_PAYLOAD_KEY=$(openssl rand -base64 32)
//   virnucpro embed genomes/ --out run --embedder kmer --data-converter data-converter.mjs
//
// A key may have a name, e.g. VIRNUCPRO_PAYLOAD_KEY=2026-01:…; the server stores it beside each payload. To change keys, put the
// old ones into VIRNUCPRO_PAYLOAD_OLD_KEYS, separated by commas, until the last run that used them is forgotten.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';

const ENCODING = 'binary/encrypted';
const IV_BYTES = 12; // as NIST SP 800-38D recommends for GCM
const TAG_BYTES = 16;

/** AES-256-GCM over a whole payload, its metadata included: iv, ciphertext, tag. */
class EncryptingCodec {
  #current;
  #keys = new Map();

  constructor(current, old) {
    const [first, ...others] = [current, ...old].map(parseKey);
    this.#current = first.name;
    for (const { name, key } of [...others.toReversed(), first]) this.#keys.set(name, key);
  }

  async encode(payloads) {
    return payloads.map((payload) => {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', this.#keys.get(this.#current), iv);
      const data = Buffer.concat([iv, cipher.update(pack(payload)), cipher.final(), cipher.getAuthTag()]);
      return { metadata: { encoding: Buffer.from(ENCODING), 'encryption-key': Buffer.from(this.#current) }, data };
    });
  }

  async decode(payloads) {
    return payloads.map((payload) => {
      // What was stored before encryption was introduced is still read.
      if (text(payload.metadata?.encoding) !== ENCODING) return payload;
      const name = text(payload.metadata['encryption-key']);
      const key = this.#keys.get(name);
      if (key === undefined) throw new Error(`payload encrypted with the key "${name}", which is not known here`);
      return unpack(decrypt(key, Buffer.from(payload.data)));
    });
  }
}

function decrypt(key, data) {
  const decipher = createDecipheriv('aes-256-gcm', key, data.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(data.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(data.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    throw new Error('payload encrypted with another key of the same name, or changed since');
  }
}

/** Length of the metadata as JSON (4 bytes, little-endian), the metadata, the data. */
function pack({ metadata, data }) {
  const entries = Object.entries(metadata ?? {}).map(([name, value]) => [name, text(value)]);
  const head = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  return Buffer.concat([length, head, data ?? new Uint8Array()]);
}

function unpack(bytes) {
  const end = 4 + bytes.readUInt32LE(0);
  const entries = Object.entries(JSON.parse(bytes.toString('utf8', 4, end)));
  return {
    metadata: Object.fromEntries(entries.map(([name, value]) => [name, Buffer.from(value)])),
    data: bytes.subarray(end),
  };
}

function text(bytes) {
  return Buffer.from(bytes ?? []).toString();
}

function parseKey(setting) {
  const colon = setting.indexOf(':');
  const key = Buffer.from(setting.slice(colon + 1), 'base64');
  if (key.length !== 32) {
    throw new Error(
      `VIRNUCPRO_PAYLOAD_KEY: expected 32 bytes in base64 (openssl rand -base64 32), found ${key.length}`,
    );
  }
  return { name: colon < 0 ? 'default' : setting.slice(0, colon), key };
}

const { VIRNUCPRO_PAYLOAD_KEY: current = '', VIRNUCPRO_PAYLOAD_OLD_KEYS: old = '' } = process.env;

/** What `--data-converter` looks for. */
export const dataConverter = {
  payloadCodecs: [new EncryptingCodec(current, old.split(',').filter(Boolean))],
  // Moves messages and stack traces of failures into a payload, so that the codec encrypts them, too.
  failureConverterPath: fileURLToPath(new URL('failure-converter.cjs', import.meta.url)),
};
