import { ROOT_CONTEXT, createContextKey } from '@opentelemetry/api';
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { AsyncContextManager } from '../../../src/observe/async-context.ts';

const KEY = createContextKey('test');

it('work that awaits → its own context, beside others', async () => {
  const manager = new AsyncContextManager().enable();
  const seen = (value: string) =>
    manager.with(ROOT_CONTEXT.setValue(KEY, value), async () => {
      await setImmediate();
      return manager.active().getValue(KEY);
    });
  expect(await Promise.all([seen('a'), seen('b')])).toEqual(['a', 'b']);
  expect(manager.active()).toBe(ROOT_CONTEXT);
});

it('a function that is bound → runs in the context that it was bound to; anything else as it is', () => {
  const manager = new AsyncContextManager();
  const bound = manager.bind(ROOT_CONTEXT.setValue(KEY, 'a'), (more: string) => [manager.active().getValue(KEY), more]);
  expect(bound('b')).toEqual(['a', 'b']);
  expect(manager.bind(ROOT_CONTEXT, 1)).toBe(1);
});

it('disabled → no context is active any more', () => {
  const manager = new AsyncContextManager();
  manager.with(ROOT_CONTEXT.setValue(KEY, 'a'), () => {
    manager.disable();
    expect(manager.active()).toBe(ROOT_CONTEXT);
  });
});
