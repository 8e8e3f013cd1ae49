import { dirname } from 'node:path';
import type { ProbedPython } from '../python/probe.ts';

/** What the user is told at the end. */
export function describeSetup({ python, executable, packages, torch }: ProbedPython): string {
  const others = Object.entries(packages).filter(([name]) => name !== 'torch');
  const devices = (torch.devices ?? []).map(({ index, name }) => `cuda:${index} ${name ?? 'unknown'}`);
  const cuda = torch.cuda == null ? 'a build without CUDA' : `CUDA ${torch.cuda}`;
  return [
    `Python ${python} in ${dirname(dirname(executable))}`,
    `torch ${torch.version ?? 'unknown'}, ${cuda}: ${devices.join(', ') || 'no CUDA device here, the models run on the CPU'}`,
    others.map(([name, version]) => `${name} ${version ?? 'missing'}`).join(', '),
    'The model embedders can be used now; `virnucpro doctor` says which weights are there.',
    '',
  ].join('\n');
}
