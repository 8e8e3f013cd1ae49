/** What the user asks of a command that is running. */
export interface SignalActions {
  /** First Ctrl-C. */
  onInterrupt(): void;
  /** SIGTERM or a closed terminal. */
  onTerminate(): void;
  /** Second Ctrl-C: nothing is waited for. */
  onQuit(): void;
}

/** Listens until the returned function is called. */
export function listenToSignals(actions: SignalActions): () => void {
  let interrupts = 0;
  const interrupt = () => {
    interrupts++;
    if (interrupts === 1) actions.onInterrupt();
    else actions.onQuit();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', actions.onTerminate);
  process.on('SIGHUP', actions.onTerminate);
  return () => {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', actions.onTerminate);
    process.off('SIGHUP', actions.onTerminate);
  };
}
