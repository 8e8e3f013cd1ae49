import { isGrpcServiceError } from '@temporalio/client';
import { rootMessage } from '../platform/root-message.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import { probeServer, type Probed } from './probe-server.ts';

/** What is wrong with a server, and what to do about it. */
export interface Diagnosis {
  problem: string;
  todo: string;
}

/** gRPC status codes. */
const GRPC = { notFound: 5, permissionDenied: 7, unauthenticated: 16 } as const;

const CREDENTIALS =
  'check TEMPORAL_API_KEY, or TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH, and that they are for this namespace';

/**
 * Why a connection could not be made. The client says no more than that it was not ready in time, so the server is looked at
 * once more, from below: name, port, TLS, certificates.
 */
export async function diagnoseConnection(settings: ConnectionSettings, error: unknown): Promise<Diagnosis> {
  const { address } = settings;
  if (isRefusal(error)) return refused(address, error);
  const probed = await probeServer(settings);
  if (probed.kind === 'no-address') return misspelt(settings);
  const explained = explain(probed, settings);
  const reason = explained?.reason ?? rootMessage(error);
  return { problem: `no Temporal server answers at ${address}: ${reason}`, todo: explained?.todo ?? START };
}

const START =
  'start one (temporal server start-dev), correct TEMPORAL_ADDRESS, or unset it: embed then runs a server of its own';

function misspelt({ address, addressFrom }: ConnectionSettings): Diagnosis {
  const todo = addressFrom === undefined ? 'correct it' : `correct it in ${addressFrom}`;
  return { problem: `"${address}" is no address of a Temporal server: expected host:port, e.g. localhost:7233`, todo };
}

/** Why a namespace cannot be used. */
export function diagnoseNamespace({ namespace, address }: ConnectionSettings, error: unknown): Diagnosis {
  if (isRefusal(error)) return refused(address, error, namespace);
  const missing = codeOf(error) === GRPC.notFound;
  return {
    problem: `namespace ${namespace} on ${address} ${missing ? 'does not exist' : `cannot be used: ${rootMessage(error)}`}`,
    todo: `create it (temporal operator namespace create ${namespace}) or set TEMPORAL_NAMESPACE`,
  };
}

function refused(address: string, error: unknown, namespace?: string): Diagnosis {
  const where = namespace === undefined ? '' : ` for namespace ${namespace}`;
  return {
    problem: `the Temporal server at ${address} refuses these credentials${where}: ${rootMessage(error)}`,
    todo: CREDENTIALS,
  };
}

function isRefusal(error: unknown): boolean {
  const code = codeOf(error);
  return code === GRPC.permissionDenied || code === GRPC.unauthenticated;
}

function codeOf(error: unknown): number | undefined {
  const cause = isGrpcServiceError(error) ? error : (error as Error | undefined)?.cause;
  return isGrpcServiceError(cause) ? Number(cause.code) : undefined;
}

/** By `code` of the errors of Node's TLS and network modules. */
const REASONS: readonly (readonly [code: RegExp, todo: string])[] = [
  [
    /^(?:UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|CERT_UNTRUSTED)/u,
    'name the certificate of its authority with TEMPORAL_TLS_SERVER_CA_CERT_PATH',
  ],
  [
    /^ERR_TLS_CERT_ALTNAME/u,
    'use the name that the certificate is for, in TEMPORAL_ADDRESS or in TEMPORAL_TLS_SERVER_NAME',
  ],
  [/^CERT_(?:HAS_EXPIRED|NOT_YET)/u, 'renew the certificate of the server, and check the clock of this host'],
  [
    /WRONG_VERSION|PACKET_LENGTH|UNEXPECTED_MESSAGE|HTTP_REQUEST/u,
    'it does not speak TLS there: unset TEMPORAL_TLS, TEMPORAL_TLS_* and TEMPORAL_API_KEY, or name its TLS port',
  ],
  [
    /CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/u,
    'it wants a certificate of the client: set TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH',
  ],
  [
    /ALERT_(?:UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE)/u,
    'it refuses the certificate of this client: check TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH',
  ],
  [
    /^(?:ECONNRESET|EPIPE)$/u,
    'it closes the connection: check the port, and the certificate of this client (TEMPORAL_TLS_CLIENT_CERT_PATH, TEMPORAL_TLS_CLIENT_KEY_PATH)',
  ],
];

function explain(
  probed: Probed,
  { connectionOptions }: ConnectionSettings,
): { reason: string; todo: string } | undefined {
  if (probed.kind === 'speaks-tls' && !connectionOptions.tls) {
    const todo = 'set TEMPORAL_TLS=true, and TEMPORAL_TLS_SERVER_CA_CERT_PATH if its authority is your own';
    return { reason: 'it speaks TLS, and this client does not', todo };
  }
  if (probed.kind !== 'error') return undefined;
  const { code = '', message, reason } = probed.error;
  return { reason: reason ?? message, todo: REASONS.find(([pattern]) => pattern.test(code))?.[1] ?? START };
}
