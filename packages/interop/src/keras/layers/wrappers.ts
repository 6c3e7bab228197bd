import { reshape } from '@timestep/core';
import { ensure } from '../../errors.ts';
import { CallReader } from '../call-reader.ts';
import { anyRecord } from '../config-reader.ts';
import { buildGraph } from '../graph.ts';
import type { KerasLayer, LayerSource } from '../layer.ts';
import { Value } from '../value.ts';
import { unary } from './unary.ts';

/** Applies a layer to every step: steps and sequences become one batch. */
function timeDistributed({ config, weights, builder, where }: LayerSource): KerasLayer {
  const inner = builder.build(config.get('layer', anyRecord), weights.at('layer'));
  const compute = inner.bind(new CallReader(where, [{ source: (run) => run.values.get('step')! }]));
  return unary((x, run) => {
    ensure(
      x.rank >= 2,
      'UNSUPPORTED_MODEL',
      () => `[keras] ${where} takes sequences, its input has the shape [${x.shape.join(', ')}]`,
    );
    return x.pointwise((given) => {
      const [a, b, ...rest] = given.shape as [number, number, ...number[]];
      const step = Value.of(reshape(given, [a * b, ...rest]));
      const made = compute({ ...run, values: new Map([['step', step]]) })[0]!.tensor;
      return reshape(made, [a, b, ...made.shape.slice(1)]);
    });
  }, inner.module);
}

/** A model as a layer of another. */
function nested(source: LayerSource): KerasLayer {
  const graph = buildGraph(source);
  return {
    module: graph.module,
    bind(call) {
      const sources = call.inputs(0, 'inputs');
      call.end();
      ensure(
        sources.length === graph.inputs.length,
        'UNSUPPORTED_MODEL',
        () =>
          `[keras] the model ${source.where} takes ${graph.inputs.length} inputs, it was called with ${sources.length}`,
      );
      return (run) => {
        const values = new Map(graph.inputs.map(({ key }, k) => [key, sources[k]!(run)]));
        return graph.compute({ ...run, values });
      };
    },
  };
}

export const wrapperLayers = {
  TimeDistributed: timeDistributed,
  Sequential: nested,
  Functional: nested,
  Model: nested,
};
