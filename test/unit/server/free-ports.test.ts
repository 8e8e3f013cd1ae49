import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { freePorts } from '../../../src/server/free-ports.ts';

describe('freePorts', () => {
  it('two → two different ports that can be bound', async () => {
    const ports = await freePorts('127.0.0.1', 2);
    expect(new Set(ports).size).toBe(2);
    for (const port of ports) {
      const server = createServer().listen(port, '127.0.0.1');
      await once(server, 'listening');
      server.close();
    }
  });
});
