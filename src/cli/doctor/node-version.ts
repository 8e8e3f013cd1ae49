import type { Finding } from './finding.ts';

/**
 * @param version e.g. `v20.19.0`
 * @param required as in `engines`, e.g. `>=20.19`
 */
export function checkNodeVersion(version: string, required: string): Finding {
  const check = 'node';
  const [major, minor] = numbersOf(version);
  const [neededMajor, neededMinor] = numbersOf(required);
  if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) {
    return { check, status: 'ok', message: `Node ${version} (needed: ${required})` };
  }
  const message = `Node ${version} is too old (needed: ${required})`;
  return { check, status: 'problem', message, todo: `install Node ${neededMajor}.${neededMinor} or newer` };
}

function numbersOf(version: string): [major: number, minor: number] {
  const [major = 0, minor = 0] = (version.match(/\d+/gu) ?? []).map(Number);
  return [major, minor];
}
