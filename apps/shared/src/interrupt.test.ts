import { afterEach, expect, test, vi } from 'vitest';
import { catchInterrupt } from './interrupt.ts';

afterEach(() => vi.restoreAllMocks());

test('the first signal aborts, the second ends the process, and release gives both back', () => {
  const before = process.listenerCount('SIGINT');
  const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
  const first = vi.fn();
  const { signal, release } = catchInterrupt(first);
  expect(signal.aborted).toBe(false);
  process.emit('SIGINT');
  expect(signal.aborted).toBe(true);
  expect(first).toHaveBeenCalledTimes(1);
  expect(exit).not.toHaveBeenCalled();
  process.emit('SIGTERM');
  expect(exit).toHaveBeenCalledWith(130);
  release();
  expect(process.listenerCount('SIGINT')).toBe(before);
});
