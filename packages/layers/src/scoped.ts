import { inScope, type Backend, type State, type Tensor } from '@timestep/core';

/** The result of a cell or recurrent layer. */
export interface Recurrence<S extends State> {
  readonly output: Tensor;
  readonly state: S;
}

/** Runs `body` in a new scope and keeps only the output and the state. */
export function scoped<S extends State>(backend: Backend, body: () => Recurrence<S>): Recurrence<S> {
  return inScope(backend, {}, (scope) => {
    const result = body();
    for (const tensor of [result.output, ...Object.values(result.state)]) scope.keep(tensor);
    return result;
  });
}
