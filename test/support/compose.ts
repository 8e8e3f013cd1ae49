import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { REPOSITORY } from './repository.ts';

/** What the tests look at of a service of docker-compose.yml. */
export interface ComposeService {
  readonly image: string;
  readonly build?: string | { readonly context: string; readonly dockerfile: string };
  readonly user?: string;
  readonly privileged?: boolean;
  readonly read_only?: boolean;
  readonly init?: boolean;
  readonly tmpfs?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly network_mode?: string;
  readonly pid?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly profiles?: readonly string[];
  readonly restart?: string;
  readonly stop_grace_period?: string;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly deploy?: { readonly resources: { readonly reservations: { readonly devices: readonly object[] } } };
  readonly healthcheck?: { readonly test: readonly string[]; readonly start_period?: string };
  readonly logging?: { readonly options: Readonly<Record<string, string>> };
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, object>>;
}

/** docker-compose.yml with its anchors and merges resolved, and its variables still as they are written. */
export function readCompose(): ComposeFile {
  return parse(readFileSync(join(REPOSITORY, 'docker-compose.yml'), 'utf8'), { merge: true }) as ComposeFile;
}

const VARIABLE = /\$(?:(\$)|\{([A-Z_]+)(?::-([^}]*))?\})/gu;

/** Variables of the file, with what stands for them when they are unset. */
export function composeVariables(file: ComposeFile): Map<string, string | undefined> {
  const found = new Map<string, string | undefined>();
  for (const [, , name, otherwise] of JSON.stringify(file).matchAll(VARIABLE)) {
    if (name !== undefined) found.set(name, otherwise);
  }
  return found;
}

/** The file as Compose would read it: `${NAME:-otherwise}` replaced, `$$` a dollar. */
export function interpolate(file: ComposeFile, env: Readonly<Record<string, string>> = {}): ComposeFile {
  return JSON.parse(JSON.stringify(file), (_, value: unknown) =>
    typeof value === 'string'
      ? value.replaceAll(VARIABLE, (_match, dollar?: string, name?: string, otherwise?: string) =>
          dollar === undefined ? env[name ?? ''] || (otherwise ?? '') : '$',
        )
      : value,
  ) as ComposeFile;
}

/** `1m30s`, `40s` → milliseconds. */
export function durationMs(text: string): number {
  const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  const parts = [...text.matchAll(/(\d+)(ms|s|m|h)/gu)];
  if (parts.map(([part]) => part).join('') !== text) throw new Error(`not a duration of Compose: ${text}`);
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNITS[unit ?? '']!, 0);
}

/** The program and arguments of a health check; without a shell it is `CMD`. */
export function healthCommand({ healthcheck }: ComposeService): [program: string, ...args: string[]] {
  const [how, ...command] = healthcheck?.test ?? [];
  if (how === 'CMD') return command as [string, ...string[]];
  if (how === 'CMD-SHELL') return ['/bin/sh', '-c', command.join(' ')];
  throw new Error(`no health check that can be run: ${how}`);
}
