import { all, pointers } from './arguments.ts';
import { check, constants, int64s, made, type DnnlApi, type LayerNormDescription, type Library } from './functions.ts';

/**
 * sizeof(dnnl_memory_desc_t) is 696 and sizeof(dnnl_rnn_desc_t) 15,344 in oneDNN 2.6; other 2.x are smaller or alike.
 */
const descriptionBytes = 1024;
const operationBytes = 32 * 1024;

/** dnnl_eltwise_… of dnnl_alg_kind_t */
const algorithms = { tanh: 0x2f, logistic: 0xaf } as const;
/** dnnl_use_scale and dnnl_use_shift of dnnl_normalization_flags_t */
const flagsOf = ({ scale, shift }: LayerNormDescription): number => (scale ? 8 : 0) | (shift ? 16 : 0);

/**
 * The C API of oneDNN 2.x: descriptors are structs, and a primitive descriptor is made from an operation descriptor.
 */
export function createApi2(library: Library, version: string): DnnlApi {
  const byStrides = library.func(
    'int dnnl_memory_desc_init_by_strides(void *md, int ndims, int64_t *dims, int type, int64_t *strides)',
  );
  const byTag = library.func('int dnnl_memory_desc_init_by_tag(void *md, int ndims, int64_t *dims, int type, int tag)');
  const createPrimitive = library.func(
    'int dnnl_primitive_desc_create(_Out_ void **pd, void *op, void *attr, void *engine, void *hint)',
  );
  const lstmForward = library.func(
    `int dnnl_lstm_forward_desc_init_v3(void *op, int prop, int direction, ${pointers(11)}, uint32_t flags)`,
  );
  const eltwise = library.func(
    'int dnnl_eltwise_forward_desc_init(void *op, int prop, int algorithm, void *md, float alpha, float beta)',
  );
  const layerNormForward = library.func(
    'int dnnl_layer_normalization_forward_desc_init(void *op, int prop, void *md, void *moments, float epsilon, unsigned int flags)',
  );
  const layerNormBackward = library.func(
    'int dnnl_layer_normalization_backward_desc_init(void *op, int prop, void *diff, void *md, void *moments, float epsilon, unsigned int flags)',
  );

  const direction = (reverse: boolean): number => (reverse ? 1 : 0);
  const finish = (engine: bigint | null, op: Uint8Array, hint: bigint | null): bigint | null =>
    made('primitive_desc_create', (out) => createPrimitive(out, op, null, engine, hint) as number);
  return {
    version,
    describe(dimensions, strides) {
      const md = new Uint8Array(descriptionBytes);
      const dims = int64s(dimensions);
      const status =
        strides === 'any'
          ? byTag(md, dimensions.length, dims, constants.f32, constants.formatAny)
          : byStrides(md, dimensions.length, dims, constants.f32, int64s(strides));
      check('memory_desc_init', status as number);
      return md;
    },
    lstmForward(engine, reverse, md) {
      const op = new Uint8Array(operationBytes);
      check(
        'lstm_forward_desc_init',
        lstmForward(op, constants.forwardInference, direction(reverse), ...all(md), 0) as number,
      );
      return finish(engine, op, null);
    },
    eltwise(engine, algorithm, md) {
      const op = new Uint8Array(operationBytes);
      check(
        'eltwise_forward_desc_init',
        eltwise(op, constants.forwardInference, algorithms[algorithm], md, 0, 0) as number,
      );
      return finish(engine, op, null);
    },
    layerNormForward(engine, description) {
      const op = new Uint8Array(operationBytes);
      const { data, moments, epsilon } = description;
      check(
        'layer_normalization_forward_desc_init',
        layerNormForward(op, constants.forwardTraining, data, moments, epsilon, flagsOf(description)) as number,
      );
      return finish(engine, op, null);
    },
    layerNormBackward(engine, description, hint) {
      const op = new Uint8Array(operationBytes);
      const { data, moments, epsilon } = description;
      check(
        'layer_normalization_backward_desc_init',
        layerNormBackward(op, constants.backward, data, data, moments, epsilon, flagsOf(description)) as number,
      );
      return finish(engine, op, hint);
    },
  };
}
