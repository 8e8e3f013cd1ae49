import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of a certificate and its key, both PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority of a test's own, made with `openssl`. */
export class CertificateAuthority {
  readonly #folder: string;
  readonly #own: Certificate;

  constructor(folder: string, name: string) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    this.#own = { cert: join(folder, 'ca.pem'), key: join(folder, 'ca.key') };
    openssl('req', '-x509', ...NEW_KEY, '-keyout', this.#own.key, '-out', this.#own.cert, ...SUBJECT(name));
  }

  /** Path of its own certificate. */
  get cert(): string {
    return this.#own.cert;
  }

  /** @param hosts names that a server's certificate is for; none for that of a client */
  issue(name: string, hosts: readonly string[] = []): Certificate {
    const at = (extension: string) => join(this.#folder, `${name}.${extension}`);
    openssl('req', ...NEW_KEY, '-keyout', at('key'), '-out', at('csr'), ...SUBJECT(name));
    // Any extension makes it a certificate of version 3: workers take no other.
    const names = hosts.map((host) => `DNS:${host}`).join(',');
    writeFileSync(at('ext'), `basicConstraints=CA:FALSE\n${names && `subjectAltName=${names}\n`}`);
    const signing = ['-CA', this.#own.cert, '-CAkey', this.#own.key, '-CAcreateserial', '-days', '2'];
    openssl('x509', '-req', '-in', at('csr'), ...signing, '-extfile', at('ext'), '-out', at('pem'));
    return { cert: at('pem'), key: at('key') };
  }
}

export function readPair({ cert, key }: Certificate): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(cert), key: readFileSync(key) };
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
const SUBJECT = (name: string) => ['-subj', `/CN=${name}`];

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' });
}
