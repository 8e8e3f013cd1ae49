import { execFile } from 'node:child_process';

/**
 * Runs a health check that asks `http://127.0.0.1:PORT/…` with Node's fetch, on a machine where its ports may be taken.
 *
 * @param command `node`, `-e` and a script
 * @param ports where what the check looks for at a port is to be found here; nothing is at any other port
 * @returns its exit code
 */
export function runHealthCheck(
  [program, ...args]: readonly string[],
  ports: Readonly<Record<number, number>>,
): Promise<number> {
  if (program !== 'node') throw new Error(`expected a health check with node, got ${program}`);
  // Port 1 is one that fetch refuses to ask.
  const moved = `const { fetch } = globalThis;
    const ports = ${JSON.stringify(ports)};
    globalThis.fetch = (url) => { const at = new URL(url); at.port = ports[at.port] ?? 1; return fetch(at); };`;
  const hook = `data:text/javascript,${encodeURIComponent(moved)}`;
  return new Promise((resolve, reject) => {
    execFile(process.execPath, ['--import', hook, ...args], (error) => {
      const code = error?.code ?? 0;
      if (typeof code === 'number') resolve(code);
      else reject(error ?? new Error('no exit code'));
    });
  });
}
