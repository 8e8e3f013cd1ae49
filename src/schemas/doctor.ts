import * as z from 'zod';

/**
 * What `virnucpro doctor` looks at, in the order of its report. Names are stable; more may come.
 */
export const CHECKS = [
  'node',
  'sdk',
  'heap',
  'limits',
  'python',
  'torch',
  'cuda',
  'weights',
  'temporal-cli',
  'data-converter',
  'server',
  'namespace',
  'retention',
  'server-clock',
  'pollers',
  'run',
  'owner',
  'plan',
  'folder',
  'writable',
  'fsync',
  'link',
  'rename',
  'append',
  'names',
  'storage-clock',
  'mount',
  'disk-space',
  'checkpoints',
  'leftovers',
] as const;

const findingSchema = z.object({
  check: z.enum(CHECKS).describe('Name of the check'),
  status: z
    .enum(['ok', 'info', 'warning', 'problem'])
    .describe(
      'ok: as it should be; info: worth knowing; warning: works, but not as well or as safely as it could; ' +
        'problem: a run would fail, or could lose what it promises to keep',
    ),
  message: z.string().min(1).describe('What was found, for people'),
  todo: z.string().min(1).optional().describe('What to do about it, for people'),
});

/** The document of `virnucpro doctor --json`. Fields may be added, not changed. */
export const diagnosisSchema = z.object({
  schema: z.literal(1),
  version: z.string().describe('Version of virnucpro-temporal that looked'),
  host: z.string().describe('Name of the machine that was looked at'),
  checkedAt: z.iso.datetime(),
  directory: z.string().describe('Absolute path of the run folder, there or planned'),
  healthy: z.boolean().describe('Whether there is no problem: exit code 0'),
  problems: z.number().int().nonnegative(),
  warnings: z.number().int().nonnegative(),
  findings: z.array(findingSchema).describe('A check may say more than one thing, and nothing where it does not apply'),
});

/** What one check found. */
export type DiagnosisFinding = z.output<typeof findingSchema>;

export type Diagnosis = z.output<typeof diagnosisSchema>;
