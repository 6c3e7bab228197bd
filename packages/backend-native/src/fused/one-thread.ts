import type { FusedOps } from '@timestep/backend-api';

type Sequences = Required<Pick<FusedOps, 'rnnSequence' | 'lstmSequence' | 'gruSequence'>>;

/**
 * The CPU backend's sweeps, where each of its threads calls the library for itself: `useOneThread` makes that call stay
 * on its core.
 */
export function onOneThread(
  { rnnSequence, lstmSequence, gruSequence }: Sequences,
  useOneThread: () => void,
): Sequences {
  const before =
    <A extends unknown[], R>(call: (...values: A) => R) =>
    (...values: A): R => {
      useOneThread();
      return call(...values);
    };
  return {
    rnnSequence: {
      supports: (spec) => rnnSequence.supports(spec),
      forward: before((spec, inputs) => rnnSequence.forward(spec, inputs)),
      backward: before((spec, call) => rnnSequence.backward(spec, call)),
    },
    lstmSequence: {
      supports: (spec) => lstmSequence.supports(spec),
      forward: before((spec, inputs) => lstmSequence.forward(spec, inputs)),
      backward: before((spec, call) => lstmSequence.backward(spec, call)),
    },
    gruSequence: {
      supports: (spec) => gruSequence.supports(spec),
      forward: before((spec, inputs) => gruSequence.forward(spec, inputs)),
      backward: before((spec, call) => gruSequence.backward(spec, call)),
    },
  };
}
