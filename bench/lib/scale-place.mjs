import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { connectClient, connectionSettings } from '../../dist/client/index.js';
import { ensureLocalServer } from '../../dist/server/index.js';

/** As `virnucpro embed` tunes a run on a server of its own. */
const TUNING = { heartbeatTimeoutMs: 5000 };

/**
 * @typedef {object} Place a server with its database, and where everything else goes
 * @property {string} folder
 * @property {import('@temporalio/client').Client} client
 * @property {string} address
 * @property {number} serverPid
 * @property {{ heartbeatTimeoutMs: number }} tuning
 * @property {{ address: string, serverPid: number, logFile: string }} worker what every worker process is started with
 * @property {() => Promise<void>} leave ends the server, and removes the folder unless it is to be kept
 */

/**
 * @param {string | undefined} keep a new folder that stays
 * @param {(line: string) => void} log
 * @returns {Promise<Place>}
 */
export async function makePlace(keep, log) {
  const folder = keep === undefined ? mkdtempSync(path.join(tmpdir(), 'virnucpro-scale-')) : path.resolve(keep);
  if (keep !== undefined) mkdirSync(folder);
  process.env['XDG_STATE_HOME'] = path.join(folder, 'state');
  const server = await ensureLocalServer({ runId12: randomUUID().replaceAll('-', '').slice(0, 12), log });
  const { address, namespace, pid: serverPid } = server;
  const client = await connectClient(connectionSettings({ address, namespace }));
  return {
    folder,
    client,
    address,
    serverPid,
    tuning: TUNING,
    worker: { address, serverPid, logFile: path.join(folder, 'worker.log') },
    leave: async () => {
      await client.connection.close();
      await server.stop();
      if (keep === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
