import { condition } from '@temporalio/workflow';

/** A gate that tasks pass one at a time: closed while paused. Running tasks are not touched. */
export class PauseGate {
  paused: boolean;

  constructor(paused: boolean) {
    this.paused = paused;
  }

  async pass(free: () => boolean): Promise<void> {
    if (!this.paused && free()) return;
    await condition(() => !this.paused && free());
  }
}
