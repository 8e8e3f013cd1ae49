import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** How much of what a process wrote to stderr an error quotes. */
const STDERR_TAIL = 2000;

/** A process that answers one JSON document per line with one JSON document per line; it ends when its stdin does. */
export class JsonLinesProcess {
  #child;
  #replies;
  #stderr = '';

  /**
   * @param {string} command
   * @param {readonly string[]} args
   */
  constructor(command, args) {
    this.#child = spawn(command, args, { stdio: 'pipe' });
    this.#child.stderr.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_TAIL);
    });
    // A process that is gone shows as the end of its replies.
    this.#child.on('error', (error) => (this.#stderr += error.message));
    this.#child.stdin.on('error', () => {});
    this.#replies = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /**
   * One request at a time.
   *
   * @template Reply
   * @param {object} request
   * @returns {Promise<Reply>}
   */
  async request(request) {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#replies.next();
    if (done) throw new Error(`${this.#child.spawnargs.join(' ')} ended: ${this.#stderr.trim()}`);
    const reply = JSON.parse(value);
    if (typeof reply.error === 'string') throw new Error(reply.error);
    return reply;
  }

  async end() {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    this.#child.stdin.end();
    await once(this.#child, 'exit');
  }
}
