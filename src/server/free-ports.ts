import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/**
 * Asks the system for `count` TCP ports that nobody listens on. Another process may take one before it is used, so
 * whoever binds them must be ready to ask again.
 */
export async function freePorts(ip: string, count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen({ host: ip, port: 0 }));
  try {
    await Promise.all(servers.map((server) => once(server, 'listening')));
    return servers.map((server) => (server.address() as AddressInfo).port);
  } finally {
    await Promise.all(servers.map((server) => once(server.close(), 'close')));
  }
}
