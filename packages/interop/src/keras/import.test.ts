import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { openScope, tensor, transpose, type Tensor } from '@timestep/core';
import { GRU, Linear } from '@timestep/layers';
import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';
import { afterAll, describe, expect, it } from 'vitest';
import { readHdf5 } from '../hdf5/read.ts';
import { createHdf5Reader } from '../node/hdf5.ts';
import { expectClose } from '../test-support/compare.ts';
import { fixture, jsonFixture } from '../test-support/fixtures.ts';
import { importKeras } from './import.ts';
import { loadKerasWeights } from './weights.ts';

interface Answer {
  readonly x: readonly number[];
  readonly shape: readonly number[];
  readonly y: readonly number[];
  readonly outputShape: readonly number[];
}

const backend = createReferenceBackend();
const answers = jsonFixture<Record<string, Answer>>('keras.json');
const reader = createHdf5Reader();
afterAll(() => reader.close());

/** Batches first there, time first here. */
function turned(x: Tensor): Tensor {
  return x.rank >= 2 ? transpose(x, [1, 0, ...x.shape.slice(2).map((_, k) => k + 2)]) : x;
}

describe('a .keras file', () => {
  it.each(Object.entries(answers))('%s: the answers of Keras', async (name, { x, shape, y, outputShape }) => {
    const before = backend.memory().buffers;
    const model = await importKeras(fixture(`keras-${name}.keras`), { backend, readHdf5: reader });
    {
      using _scope = openScope(backend, { gradient: false });
      const input =
        name === 'tokens'
          ? tensor(backend, Int32Array.from(x), { shape })
          : tensor(backend, Float32Array.from(x), { shape });
      model.eval();
      const output = model.forward(turned(input));
      const ordered = output.rank === 3 ? turned(output) : output;
      expect(ordered.shape).toEqual(outputShape);
      expectClose(await ordered.data(), y, name);
    }
    model.dispose();
    expect(backend.memory().buffers).toBe(before);
  });

  it('is summed up under the names of Keras', async () => {
    const model = await importKeras(fixture('keras-bidirectional.keras'), { backend, readHdf5 });
    expect([...(await model.stateDict()).keys()]).toEqual(
      expect.arrayContaining([
        'bidirectional.backward_layer.weight_ih_l0',
        'bidirectional_2.forward_layer.bias_hh_l0',
        'dense.weight',
      ]),
    );
    model.dispose();
  });
});

describe('a .weights.h5 file', () => {
  it('loads into your own layers by Keras’s names', async () => {
    const gru = new GRU({ backend, inputSize: 4, hiddenSize: 3, reset: 'before' });
    const datasets = await reader(fixture('keras-gru-reset-before.weights.h5'));
    loadKerasWeights(datasets, { gru });
    const { x, shape, y } = answers['gru-reset-before']!;
    using _scope = openScope(backend, { gradient: false });
    expectClose(await turned(gru.forward(turned(tensor(backend, Float32Array.from(x), { shape }))).output).data(), y);
  });

  it('that does not fit is refused, and nothing is loaded', async () => {
    const datasets = await reader(fixture('keras-gru-reset-before.weights.h5'));
    const gru = new GRU({ backend, inputSize: 5, hiddenSize: 3 });
    const before = await gru.stateDict();
    expect(() => loadKerasWeights(datasets, { gru })).toThrow(
      /expected 'layers\/gru\/cell\/vars\/0' of shape \[5, 9\], got \[4, 9\]/,
    );
    expect(() => loadKerasWeights(datasets, { lstm: gru })).toThrow(
      expect.objectContaining({
        code: 'MISSING_TENSOR',
        message: expect.stringMatching(/no 'layers\/lstm\/cell\/vars\/0'; it has layers\/gru/) as unknown,
      }),
    );
    expect(() =>
      loadKerasWeights(datasets, { gru: new GRU({ backend, inputSize: 4, hiddenSize: 3, numLayers: 2 }) }),
    ).toThrow(/has 2; give each its own/);
    expect(() => loadKerasWeights(datasets, { dense: new Linear({ backend, inputSize: 4, outputSize: 3 }) })).toThrow(
      /no 'layers\/dense\/vars\/0'/,
    );
    expect(await gru.stateDict()).toEqual(before);
  });
});

describe('what cannot be read is named', () => {
  const archive = unzipSync(fixture('keras-lstm-last.keras'));
  /** The same file with another configuration. */
  const changedIn = (name: string, from: string | RegExp, to: string): Uint8Array => {
    const parts = unzipSync(fixture(name));
    return zipSync({ ...parts, 'config.json': strToU8(strFromU8(parts['config.json']!).replace(from, to)) });
  };
  const changed = (from: string | RegExp, to: string): Uint8Array => changedIn('keras-lstm-last.keras', from, to);

  it.each([
    [
      'a layer of another class',
      changed('"class_name": "Dense"', '"class_name": "Conv2D"'),
      'UNSUPPORTED_MODEL',
      /is the layer Conv2D, which cannot be read/,
    ],
    [
      'another activation',
      changed('"activation": "tanh"', '"activation": "mine"'),
      'UNSUPPORTED_MODEL',
      /'lstm' has the activation mine; linear, relu/,
    ],
    [
      'a custom class under a known name',
      changed('"module": "keras.layers", "class_name": "LSTM"', '"module": "mine", "class_name": "LSTM"'),
      'UNSUPPORTED_MODEL',
      /'lstm' has the custom class LSTM/,
    ],
    [
      'a registered class',
      changed(
        /"registered_name": null(, "build_config": \{"input_shape": \[null, 3\])/,
        '"registered_name": "mine>Dense"$1',
      ),
      'UNSUPPORTED_MODEL',
      /'dense' has the custom class mine>Dense/,
    ],
    [
      'a configuration of another form',
      changed('"units": 3', '"units": "3"'),
      'MALFORMED_FILE',
      /the configuration of 'lstm' is not of Keras 3's form at units/,
    ],
    [
      'other sizes',
      changed('"units": 3', '"units": 4'),
      'INVALID_TENSOR',
      /expected 'layers\/lstm\/cell\/vars\/0' of shape \[any, 16\], got \[4, 12\]/,
    ],
    ['no JSON', changed('{', '['), 'MALFORMED_FILE', /config\.json is not JSON/],
    ['no weights', zipSync({ 'config.json': archive['config.json']! }), 'MALFORMED_FILE', /no 'model\.weights\.h5'/],
    ['no archive', Uint8Array.of(1, 2, 3), 'MALFORMED_FILE', /damaged or not a ZIP archive/],
    [
      'no HDF5 file',
      zipSync({ ...archive, 'model.weights.h5': Uint8Array.of(1, 2, 3) }),
      'MALFORMED_FILE',
      /does not start like an HDF5 file/,
    ],
    [
      'a bomb',
      zipSync({ ...archive, 'model.weights.h5': new Uint8Array(2 ** 24) }, { level: 9 }),
      'READ_LIMIT',
      /would unpack to 16777216 bytes/,
    ],
    [
      'another precision',
      changed(/"name": "float32"/, '"name": "mixed_float16"'),
      'UNSUPPORTED_MODEL',
      /'sequential' computes in mixed_float16/,
    ],
    [
      'sizes far beyond its arrays',
      changed('"units": 3', '"units": 500000000'),
      'INVALID_TENSOR',
      /of shape \[any, 2000000000\], got \[4, 12\]/,
    ],
  ])('%s', async (_, file, code, message) => {
    const before = backend.memory().buffers;
    await expect(importKeras(file, { backend, readHdf5: reader })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as unknown,
    });
    expect(backend.memory().buffers).toBe(before);
  });
});
