import { checkValue, is } from '@timestep/core';
import type { Module } from './module.ts';

/**
 * Runs `body` with a module and its submodules in `eval()`, then restores the mode that each of them had before.
 *
 * ```ts
 * const logits = inEvalMode(model, () => model.forward(x));
 * ```
 *
 * If `body` returns a promise, the modes are restored when it settles. Use a promise only if no other code runs the
 * model meanwhile. With a synchronous `body`, no other asynchronous code sees the change.
 *
 * @param module the model or a part of it
 * @param body what to run
 * @returns what `body` returns
 * @throws any error of `body`; the modes are restored first
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
