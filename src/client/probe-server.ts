import * as net from 'node:net';
import * as tls from 'node:tls';
import type { ConnectionSettings } from './connection-settings.ts';

/** `reason` is OpenSSL's own word, without the place in its sources. */
export interface ProbeError extends NodeJS.ErrnoException {
  reason?: string;
}

/** What is at an address. */
export type Probed =
  /** It is none. */
  | { kind: 'no-address' }
  /** Nobody, or somebody with whom no TLS connection can be made. */
  | { kind: 'error'; error: ProbeError }
  | { kind: 'speaks-tls' }
  /** It listens, and that is all that is known. */
  | { kind: 'listens' };

const PROBE_TIMEOUT_MS = 3000;
/** TLS 1.3: a server refuses the certificate of a client after the client is done with the handshake, a way there and back later. */
const SECOND_THOUGHTS_MS = 1500;

/** Connects as the client would, without gRPC, and never throws. */
export async function probeServer({ address, connectionOptions }: ConnectionSettings): Promise<Probed> {
  const place = hostAndPort(address);
  if (place === undefined) return { kind: 'no-address' };
  const { host, port } = place;
  const deaf = await errorOf(() => net.connect({ host, port }), 'connect', 0);
  if (deaf !== undefined) return { kind: 'error', error: deaf };
  const options = { host, port, ...tlsOptions(connectionOptions, host) };
  const error = await errorOf(() => tls.connect(options), 'secureConnect', SECOND_THOUGHTS_MS);
  if (error === undefined) return { kind: 'speaks-tls' };
  if (connectionOptions.tls) return { kind: 'error', error };
  return { kind: isNoTls(error) ? 'listens' : 'speaks-tls' };
}

/** Without TLS settings any certificate will do: it is asked only whether TLS is spoken. */
function tlsOptions({ tls: configured }: ConnectionSettings['connectionOptions'], host: string): tls.ConnectionOptions {
  const common = { ALPNProtocols: ['h2'], ...(net.isIP(host) === 0 ? { servername: host } : {}) };
  if (!configured) return { ...common, rejectUnauthorized: false };
  if (configured === true) return common;
  const { serverNameOverride, serverRootCACertificate, clientCertPair } = configured;
  return {
    ...common,
    ...(serverNameOverride === undefined
      ? {}
      : {
          servername: serverNameOverride,
          checkServerIdentity: (_: string, cert: tls.PeerCertificate) =>
            tls.checkServerIdentity(serverNameOverride, cert),
        }),
    ...(serverRootCACertificate ? { ca: Buffer.from(serverRootCACertificate) } : {}),
    ...(clientCertPair ? { cert: Buffer.from(clientCertPair.crt), key: Buffer.from(clientCertPair.key) } : {}),
  };
}

/** A server that closes the connection, or answers something else, at the first word of TLS. */
function isNoTls({ code = '' }: ProbeError): boolean {
  return /^(?:ECONNRESET|EPIPE|ETIMEDOUT|ERR_SSL_(?:WRONG_VERSION|PACKET|UNEXPECTED))/u.test(code);
}

/** @returns undefined if the connection is ready, and stays so for a while */
function errorOf(
  connect: () => net.Socket,
  ready: 'connect' | 'secureConnect',
  stayMs: number,
): Promise<ProbeError | undefined> {
  return new Promise((resolve) => {
    const socket = connect();
    const end = (error?: ProbeError) => {
      socket.destroy();
      resolve(error);
    };
    const late = `nothing answered within ${PROBE_TIMEOUT_MS / 1000} s`;
    socket.setTimeout(PROBE_TIMEOUT_MS, () => end(Object.assign(new Error(late), { code: 'ETIMEDOUT' })));
    socket.on('error', end);
    socket.on('close', () => end(Object.assign(new Error('it closed the connection'), { code: 'ECONNRESET' })));
    // An alert would stay unseen in a socket that nobody reads.
    socket.on('data', () => {});
    socket.once(ready, () => setTimeout(end, stayMs));
  });
}

/** As Temporal's client reads it: a host or an IPv6 address in brackets, and a port, which may be missing. */
const ADDRESS = /^(?:\[(?<ipv6>[\da-f.:]+)\]|(?<name>[^\s:/[\]@?#]+))(?::(?<port>\d{1,5}))?$/iu;
const DEFAULT_PORT = 7233;
const MAX_PORT = 65_535;

function hostAndPort(address: string): { host: string; port: number } | undefined {
  const { ipv6, name, port: digits } = ADDRESS.exec(address)?.groups ?? {};
  const host = ipv6 ?? name;
  const port = digits === undefined ? DEFAULT_PORT : Number(digits);
  return host === undefined || port < 1 || port > MAX_PORT ? undefined : { host, port };
}
