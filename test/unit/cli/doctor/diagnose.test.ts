import { describe, expect, it } from 'vitest';
import { diagnose } from '../../../../src/cli/doctor/diagnose.ts';
import { diagnosisSchema } from '../../../../src/schemas/doctor.ts';

describe('diagnose', () => {
  it('a problem, two warnings → counted, not healthy, as the schema says', () => {
    const diagnosis = diagnose('/run', [
      { check: 'node', status: 'ok', message: 'fine' },
      { check: 'server', status: 'problem', message: 'gone', todo: 'start it' },
      { check: 'link', status: 'warning', message: 'none' },
      { check: 'mount', status: 'warning', message: 'nfs' },
    ]);
    expect(diagnosis).toMatchObject({ schema: 1, directory: '/run', healthy: false, problems: 1, warnings: 2 });
    expect(diagnosisSchema.parse(diagnosis)).toEqual(diagnosis);
  });

  it('warnings only → healthy', () => {
    expect(diagnose('/run', [{ check: 'link', status: 'warning', message: 'none' }]).healthy).toBe(true);
  });
});
