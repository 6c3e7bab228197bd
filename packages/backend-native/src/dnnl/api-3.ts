import { all, plain, pointers } from './arguments.ts';
import { constants, int64s, made, type Description, type DnnlApi, type Library, type Pointer } from './functions.ts';

const relu = 0x20;
const tanh = 0x21;

/** The C API of oneDNN 3.x: descriptors are handles, and a primitive's is made in one call. */
export function createApi3(library: Library, version: string): DnnlApi {
  const byStrides = library.func('int dnnl_memory_desc_create_with_strides(_Out_ void **md, int ndims, int64_t *dims, int type, int64_t *strides)');
  const byTag = library.func('int dnnl_memory_desc_create_with_tag(_Out_ void **md, int ndims, int64_t *dims, int type, int tag)');
  const create = (name: string, between: string, descriptions: number, after: string): ReturnType<Library['func']> =>
    library.func(`int dnnl_${name}_primitive_desc_create(_Out_ void **pd, void *engine, int prop, ${between}int direction, ${pointers(descriptions)}, uint32_t flags, ${after}void *attr)`);
  const lstmForward = create('lstm_forward', '', 11, '');
  const lstmBackward = create('lstm_backward', '', 22, 'void *hint, ');
  const gruForward = create('lbr_gru_forward', '', 7, '');
  const gruBackward = create('lbr_gru_backward', '', 14, 'void *hint, ');
  const rnnForward = create('vanilla_rnn_forward', 'int activation, ', 7, 'float alpha, float beta, ');
  const rnnBackward = create('vanilla_rnn_backward', 'int activation, ', 14, 'float alpha, float beta, void *hint, ');

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
    forward(engine, kind, training, reverse, md) {
      const prop = training ? constants.forwardTraining : constants.forwardInference;
      const way = direction(reverse);
      return made(`${kind} forward`, (out) => {
        if (kind === 'lstm') return lstmForward(out, engine, prop, way, ...all(md), 0, null) as number;
        if (kind === 'gru') return gruForward(out, engine, prop, way, ...plain(md), 0, null) as number;
        return rnnForward(out, engine, prop, kind === 'rnn-relu' ? relu : tanh, way, ...plain(md), 0, 0, 0, null) as number;
      });
    },
    backward(engine: Pointer, kind, reverse, md, diff, hint) {
      const prop = constants.backward;
      const way = direction(reverse);
      return made(`${kind} backward`, (out) => {
        if (kind === 'lstm') return lstmBackward(out, engine, prop, way, ...all(md), ...all(diff), 0, hint, null) as number;
        if (kind === 'gru') return gruBackward(out, engine, prop, way, ...plain(md), ...plain(diff), 0, hint, null) as number;
        return rnnBackward(out, engine, prop, kind === 'rnn-relu' ? relu : tanh, way, ...plain(md), ...plain(diff), 0, 0, 0, hint, null) as number;
      });
    },
  };
}
