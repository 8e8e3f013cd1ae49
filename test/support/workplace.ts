import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Command, type CommandOptions, type CommandResult } from './command.ts';
import { endAll } from './processes.ts';

/** Where one test works: a folder and a state home of its own, removed with all processes when the test ends. */
export interface Workplace {
  readonly folder: string;
  readonly stateHome: string;
  /** Path in the folder. */
  path(...names: string[]): string;
  /** Starts `virnucpro`. */
  start(args: readonly string[], options?: Partial<CommandOptions>): Command;
  /** Runs `virnucpro` to its end. */
  run(args: readonly string[], options?: Partial<CommandOptions>): Promise<CommandResult>;
}

/** @param env given to every command, e.g. TEMPORAL_ADDRESS */
export function workplace(env: Record<string, string> = {}): Workplace {
  const folder = mkdtempSync(join(tmpdir(), 'virnucpro-e2e-'));
  const stateHome = join(folder, 'state');
  mkdirSync(stateHome);
  onTestFinished(() => {
    endAll(stateHome);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  });
  const start: Workplace['start'] = (args, options = {}) =>
    new Command(args, { stateHome, cwd: folder, ...options, env: { ...env, ...options.env } });
  return {
    folder,
    stateHome,
    path: (...names) => join(folder, ...names),
    start,
    run: (args, options) => start(args, options).ended,
  };
}
