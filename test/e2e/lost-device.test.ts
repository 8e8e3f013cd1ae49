import { describe, expect, it } from 'vitest';
import { checkpointNames, makeInputs } from '../support/run-folder.ts';
import { processesOf } from '../support/processes.ts';
import { workplace } from '../support/workplace.ts';

describe('embed with a server of its own, the device is lost', () => {
  it('exit code 1 at once and why, since no other worker can come; the same command again → it goes on', async () => {
    const at = workplace();
    const inputs = makeInputs(at.folder, 1, 20);
    const args = ['embed', inputs, '--out', 'out', '--embedder', 'fake', '--batch-size', '5'];
    const command = [...args, '--embedder-option', 'deviceLostOn=s00_12', '--json'];
    const lost = await at.run(command);
    expect(lost.code).toBe(1);
    expect(JSON.parse(lost.stdout)).toMatchObject({
      exitCode: 1,
      error: {
        type: 'EmbeddingError.DeviceLost',
        message: expect.stringContaining(
          'embedder fake has lost its device: embedder fake: the device is lost at record',
        ),
      },
    });
    expect(lost.stderr).toContain('start the same command again to go on');
    expect(processesOf(at.stateHome)).toEqual([]);

    const again = await at.run(command);
    expect(JSON.parse(again.stdout)).toMatchObject({ exitCode: 0, embedded: 1 });
    expect(checkpointNames(at.path('out'))).toEqual(['s00_FAKE.pt']);
  });
});
