import { all, pointers } from './arguments.ts';
import {
  constants,
  int64s,
  made,
  type Description,
  type DnnlApi,
  type LayerNormDescription,
  type Library,
} from './functions.ts';

/** dnnl_eltwise_… of dnnl_alg_kind_t */
const algorithms = { tanh: 0x21, logistic: 0x29 } as const;
/** dnnl_use_scale and dnnl_use_shift of dnnl_normalization_flags_t */
const flagsOf = ({ scale, shift }: LayerNormDescription): number => (scale ? 2 : 0) | (shift ? 4 : 0);

/** The C API of oneDNN 3.x: descriptors are handles, and a primitive's is made in one call. */
export function createApi3(library: Library, version: string): DnnlApi {
  const byStrides = library.func(
    'int dnnl_memory_desc_create_with_strides(_Out_ void **md, int ndims, int64_t *dims, int type, int64_t *strides)',
  );
  const byTag = library.func(
    'int dnnl_memory_desc_create_with_tag(_Out_ void **md, int ndims, int64_t *dims, int type, int tag)',
  );
  const lstmForward = library.func(
    `int dnnl_lstm_forward_primitive_desc_create(_Out_ void **pd, void *engine, int prop, int direction, ${pointers(11)}, uint32_t flags, void *attr)`,
  );
  const eltwise = library.func(
    'int dnnl_eltwise_forward_primitive_desc_create(_Out_ void **pd, void *engine, int prop, int algorithm, void *src, void *dst, float alpha, float beta, void *attr)',
  );
  const layerNormForward = library.func(
    'int dnnl_layer_normalization_forward_primitive_desc_create(_Out_ void **pd, void *engine, int prop, void *src, void *dst, void *moments, float epsilon, unsigned int flags, void *attr)',
  );
  const layerNormBackward = library.func(
    'int dnnl_layer_normalization_backward_primitive_desc_create(_Out_ void **pd, void *engine, int prop, void *diffSrc, void *diffDst, void *src, void *moments, float epsilon, unsigned int flags, void *hint, void *attr)',
  );

  const direction = (reverse: boolean): number => (reverse ? 2 : 1);
  // A handle lives until the library ends. There are as many as there are shapes: each is made once.
  const known = new Map<string, Description>();
  return {
    version,
    describe(dimensions, strides) {
      const key = `${dimensions.join()} ${strides === 'any' ? strides : strides.join()}`;
      const dims = int64s(dimensions);
      const md =
        known.get(key) ??
        made(
          'memory_desc_create',
          (out) =>
            (strides === 'any'
              ? byTag(out, dimensions.length, dims, constants.f32, constants.formatAny)
              : byStrides(out, dimensions.length, dims, constants.f32, int64s(strides))) as number,
        )!;
      known.set(key, md);
      return md;
    },
    lstmForward: (engine, reverse, md) =>
      made(
        'lstm_forward_primitive_desc_create',
        (out) =>
          lstmForward(out, engine, constants.forwardInference, direction(reverse), ...all(md), 0, null) as number,
      ),
    eltwise: (engine, algorithm, md) =>
      made(
        'eltwise_forward_primitive_desc_create',
        (out) => eltwise(out, engine, constants.forwardInference, algorithms[algorithm], md, md, 0, 0, null) as number,
      ),
    layerNormForward: (engine, description) =>
      made(
        'layer_normalization_forward_primitive_desc_create',
        (out) =>
          layerNormForward(
            out,
            engine,
            constants.forwardTraining,
            description.data,
            description.data,
            description.moments,
            description.epsilon,
            flagsOf(description),
            null,
          ) as number,
      ),
    layerNormBackward: (engine, description, hint) =>
      made(
        'layer_normalization_backward_primitive_desc_create',
        (out) =>
          layerNormBackward(
            out,
            engine,
            constants.backward,
            description.data,
            description.data,
            description.data,
            description.moments,
            description.epsilon,
            flagsOf(description),
            hint,
            null,
          ) as number,
      ),
  };
}
