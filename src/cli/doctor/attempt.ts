import { messageOf } from '../exit.ts';
import type { CheckName, Finding } from './finding.ts';

/** Makes a check. That it cannot be made is a finding, too: the others are worth more than an error alone. */
export async function attempt(
  check: CheckName,
  make: () => Finding | Finding[] | Promise<Finding | Finding[]>,
): Promise<Finding[]> {
  try {
    return [await make()].flat();
  } catch (error) {
    return [notChecked(check, error)];
  }
}

/** A check that could not be made. */
export function notChecked(check: CheckName, error: unknown): Finding {
  const todo = 'correct what it names; VIRNUCPRO_DEBUG=1 says where it comes from';
  return { check, status: 'problem', message: `cannot be checked: ${messageOf(error)}`, todo };
}
