import { ApplicationFailure } from '@temporalio/common';
import { FailureType } from '../contract/failure-types.ts';

/**
 * The activity itself, and a word to this process when it ends because its device is lost: the attempt goes back to the
 * server, and whoever polls on would only get the next task and fail that, too.
 *
 * @param onLost gets the message of the failure
 */
export function tellingLostDevice<Input, Result>(
  activity: (input: Input) => Promise<Result>,
  onLost: (reason: string) => void,
): (input: Input) => Promise<Result> {
  return async (input) => {
    try {
      return await activity(input);
    } catch (error) {
      if (error instanceof ApplicationFailure && error.type === FailureType.EmbeddingDeviceLost) onLost(error.message);
      throw error;
    }
  };
}
