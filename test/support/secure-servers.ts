import { once } from 'node:events';
import * as http2 from 'node:http2';
import * as net from 'node:net';
import * as tls from 'node:tls';

/** A server that listens on `localhost`. */
export interface Listening {
  /** `localhost:port` */
  readonly address: string;
  stop(): Promise<void>;
}

/**
 * Speaks TLS to clients and plain HTTP/2 to a Temporal server, as a gateway before it does.
 *
 * @param options with `ca` clients have to show a certificate of that authority
 */
export function startTlsProxy(target: string, options: { key: Buffer; cert: Buffer; ca?: Buffer }): Promise<Listening> {
  const [host = '', port] = target.split(':');
  const server = tls.createServer({
    ...options,
    ALPNProtocols: ['h2'],
    requestCert: options.ca !== undefined,
    rejectUnauthorized: options.ca !== undefined,
  });
  server.on('secureConnection', (client) => {
    const behind = net.connect({ host, port: Number(port) });
    client.pipe(behind).pipe(client);
    client.on('error', () => behind.destroy());
    behind.on('error', () => client.destroy());
  });
  server.on('tlsClientError', () => {});
  return listening(server);
}

/** What a gRPC stub answers: a status, and nothing else. */
export interface GrpcStatus {
  code: number;
  message: string;
}

/** Answers every gRPC call with an empty message, or with a status, and notes the headers of each call. */
export async function startGrpcStub(
  options: { key: Buffer; cert: Buffer } | undefined,
  status?: GrpcStatus,
): Promise<Listening & { readonly calls: readonly http2.IncomingHttpHeaders[] }> {
  const calls: http2.IncomingHttpHeaders[] = [];
  const server = options === undefined ? http2.createServer() : http2.createSecureServer(options);
  server.on('stream', (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    calls.push(headers);
    answer(stream, status);
  });
  for (const event of ['tlsClientError', 'sessionError']) server.on(event, () => {});
  return { ...(await listening(server)), calls };
}

function answer(stream: http2.ServerHttp2Stream, status: GrpcStatus | undefined): void {
  const head = { ':status': 200, 'content-type': 'application/grpc' };
  stream.on('error', () => {});
  if (status !== undefined) {
    stream.respond({ ...head, 'grpc-status': status.code, 'grpc-message': status.message }, { endStream: true });
    return;
  }
  stream.respond(head, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  // Not compressed, of length 0.
  stream.end(Buffer.alloc(5));
}

async function listening(server: net.Server): Promise<Listening> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const stop = async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return { address: `localhost:${port}`, stop };
}
