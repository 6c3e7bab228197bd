import { checkValue, is } from '@timestep/core';
import type { Module } from './module.ts';

/**
 * Runs `body` with a module and all below in `eval()`, and then gives each of them the mode that it had before: parts
 * that you switched off one by one stay off.
 *
 * ```ts
 * const logits = inEvalMode(model, () => model.forward(x));
 * ```
 *
 * Where `body` returns a promise, the modes come back when it is settled. Keep that for code that nothing else runs
 * beside; around a synchronous call, no other asynchronous flow ever sees the change.
 *
 * @param module the model or a part of it
 * @param body what to run
 * @returns what `body` returns
 * @throws whatever `body` throws; the modes come back all the same
 */
export function inEvalMode<Result>(module: Module, body: () => Result): Result {
  checkValue('inEvalMode', 'module', module, is.like('a module', 'modules', 'eval'));
  checkValue('inEvalMode', 'body', body, is.function);
  const modes = module.modules().map((one) => [one, one.training] as const);
  const restore = (): void => {
    for (const [one, training] of modes) one.training = training;
  };
  let result: Result;
  try {
    module.eval();
    result = body();
  } catch (error) {
    restore();
    throw error;
  }
  if (result instanceof Promise) return result.finally(restore) as Result;
  restore();
  return result;
}
