import type { DeviceBuffer, LayerNormOp, LayerNormSpec, MaybeBuffer } from '@timestep/backend-api';
import { Kept, type CpuBuffer } from '@timestep/backend-cpu/extend';
import { LayerNormPrimitives } from '../dnnl/layer-norm.ts';
import type { Native } from '../native.ts';

/** Floats of a cache line */
const line = 16;
/** Columns from which on it does not matter that they are not whole lines */
const manyColumns = 200;

/**
 * Layer normalisation through oneDNN where there is enough of it; the rest is left to `own`. Where the columns are few
 * and not whole lines, oneDNN's threads write to one line of the weight's gradient: 49,152 × 65 backward takes 1.2
 * times as long as `own` on two threads, though 0.4 times on one (oneDNN 3.7).
 *
 * @param threshold elements from which on the library is used
 */
export function nativeLayerNorm(
  { engine, memory, primitives, useThreads }: Native,
  threshold: number,
  own: LayerNormOp,
): LayerNormOp {
  const takes = ({ rows, columns }: LayerNormSpec): boolean =>
    rows * columns > 0 &&
    rows * columns >= threshold &&
    (columns % line === 0 || columns >= Math.min(manyColumns, threshold));
  const primitivesOf = (
    { rows, columns, epsilon }: LayerNormSpec,
    weight: MaybeBuffer,
    bias: MaybeBuffer,
  ): LayerNormPrimitives =>
    primitives.get(LayerNormPrimitives, { rows, columns, epsilon, scale: weight !== null, shift: bias !== null });
  /** Native addresses of the buffers that are there. */
  const at = (buffers: readonly MaybeBuffer[]): bigint[] =>
    buffers.filter((buffer) => buffer !== null).map((buffer) => memory.at(engine.address(buffer)));

  return {
    supports: (spec) => own.supports(spec),

    forward(spec, inputs) {
      if (!takes(spec)) return own.forward(spec, inputs);
      const { x, weight, bias } = inputs;
      const y = engine.allocate('f32', spec.rows * spec.columns);
      const moments = { mean: engine.allocate('f32', spec.rows), variance: engine.allocate('f32', spec.rows) };
      const saved = new Kept(engine, moments);
      useThreads();
      primitivesOf(spec, weight, bias).forward.execute(at([x, y, moments.mean, moments.variance, weight, bias]));
      if (!spec.needsSaved) saved.release();
      return { outputs: { y }, saved: spec.needsSaved ? saved : null };
    },

    backward(spec, call) {
      if (!takes(spec)) return own.backward(spec, call);
      const {
        inputs: { x, weight, bias },
        saved,
        gradients,
        wanted,
      } = call;
      const { mean, variance } = Kept.of<{ mean: DeviceBuffer; variance: DeviceBuffer }>('layerNorm', saved);
      const { rows, columns } = spec;
      const made = {
        x: engine.allocate('f32', rows * columns),
        weight: weight && engine.allocate('f32', columns),
        bias: bias && engine.allocate('f32', columns),
      };
      useThreads();
      primitivesOf(spec, weight, bias).backward.execute(
        at([x, mean, variance, weight, bias, gradients.y, made.x, made.weight, made.bias]),
      );
      // The library makes every gradient; what nobody wants goes again.
      const keep = (isWanted: boolean, buffer: CpuBuffer | null): CpuBuffer | null => {
        if (buffer !== null && !isWanted) engine.free(buffer);
        return isWanted ? buffer : null;
      };
      return {
        x: keep(wanted.x, made.x),
        weight: keep(wanted.weight, made.weight),
        bias: keep(wanted.bias, made.bias),
      };
    },
  };
}
