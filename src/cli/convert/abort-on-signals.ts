import { listenToSignals } from '../session/signals.ts';
import { EXIT_SIGINT, EXIT_SIGTERM } from '../exit.ts';

/** Work that Ctrl-C and SIGTERM stop in order. */
export interface StoppableWork {
  readonly signal: AbortSignal;
  /** Of the signal that came; undefined if none did. */
  readonly exitCode: number | undefined;
  /** Stops listening. */
  end(): void;
}

/** The first signal aborts; a second Ctrl-C ends the process at once. */
export function abortOnSignals(): StoppableWork {
  const controller = new AbortController();
  let exitCode: number | undefined;
  const stop = (code: number) => (): void => {
    exitCode ??= code;
    controller.abort();
  };
  const end = listenToSignals({
    onInterrupt: stop(EXIT_SIGINT),
    onTerminate: stop(EXIT_SIGTERM),
    onQuit: () => process.exit(EXIT_SIGINT),
  });
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    end,
  };
}
