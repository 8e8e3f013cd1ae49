import { condition, proxyActivities } from '@temporalio/workflow';

/** @type {{ noop(item: number): Promise<void> }} */
const { noop } = proxyActivities({ startToCloseTimeout: '1 minute' });

/**
 * What durable orchestration costs at the least: two no-op activities per item, a bounded number of items in flight.
 *
 * @param {number} items
 * @param {number} inFlight
 */
export async function bareFanOut(items, inFlight) {
  let open = 0;
  /** @type {Promise<unknown>[]} */
  const done = [];
  for (let item = 0; item < items; item++) {
    await condition(() => open < inFlight);
    open++;
    done.push(
      noop(item)
        .then(() => noop(item))
        .finally(() => open--),
    );
  }
  await Promise.all(done);
  return items;
}
