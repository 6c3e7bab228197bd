import { all, pointers } from './arguments.ts';
import { constants, int64s, made, type Description, type DnnlApi, type Library } from './functions.ts';

/** The C API of oneDNN 3.x: descriptors are handles, and a primitive's is made in one call. */
export function createApi3(library: Library, version: string): DnnlApi {
  const byStrides = library.func('int dnnl_memory_desc_create_with_strides(_Out_ void **md, int ndims, int64_t *dims, int type, int64_t *strides)');
  const byTag = library.func('int dnnl_memory_desc_create_with_tag(_Out_ void **md, int ndims, int64_t *dims, int type, int tag)');
  const lstmForward = library.func(`int dnnl_lstm_forward_primitive_desc_create(_Out_ void **pd, void *engine, int prop, int direction, ${pointers(11)}, uint32_t flags, void *attr)`);
  const lstmBackward = library.func(`int dnnl_lstm_backward_primitive_desc_create(_Out_ void **pd, void *engine, int prop, int direction, ${pointers(22)}, uint32_t flags, void *hint, void *attr)`);

  const direction = (reverse: boolean): number => (reverse ? 2 : 1);
  // A handle lives until the library ends. There are as many as there are shapes: each is made once.
  const known = new Map<string, Description>();
  return {
    version,
    describe(dimensions, strides) {
      const key = `${dimensions.join()} ${strides === 'any' ? strides : strides.join()}`;
      const dims = int64s(dimensions);
      const md = known.get(key) ?? made('memory_desc_create', (out) =>
        (strides === 'any' ? byTag(out, dimensions.length, dims, constants.f32, constants.formatAny) : byStrides(out, dimensions.length, dims, constants.f32, int64s(strides))) as number)!;
      known.set(key, md);
      return md;
    },
    forward: (engine, training, reverse, md) =>
      made('lstm_forward_primitive_desc_create', (out) => lstmForward(out, engine, training ? constants.forwardTraining : constants.forwardInference, direction(reverse), ...all(md), 0, null) as number),
    backward: (engine, reverse, md, diff, hint) =>
      made('lstm_backward_primitive_desc_create', (out) => lstmBackward(out, engine, constants.backward, direction(reverse), ...all(md), ...all(diff), 0, hint, null) as number),
  };
}
