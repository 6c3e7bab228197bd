import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { clone, create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { Generator, openScope, tensor, TimestepError } from '@timestep/core';
import { GRU, LayerNorm, Linear, LSTM, MGU, Sequential } from '@timestep/layers';
import { SafetensorsError } from '@timestep/safetensors';
import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';
import { afterEach, describe, expect, it } from 'vitest';
import type { Hdf5Datasets } from './hdf5/types.ts';
import { readHdf5 } from './hdf5/read.ts';
import { importKeras } from './keras/import.ts';
import { loadKerasWeights } from './keras/weights.ts';
import { createHdf5Reader } from './node/hdf5.ts';
import { exportOnnx } from './onnx/export/export.ts';
import { importOnnx } from './onnx/import/import.ts';
import { AttributeProtoSchema, ModelProtoSchema, type ModelProto } from './onnx/proto/onnx.generated.ts';
import { readStateDict } from './pytorch/state-dict.ts';
import { fixture } from './test-support/fixtures.ts';
import { mutateBytes, mutateText, seeded, type Random } from './test-support/mutate.ts';

const backend = createReferenceBackend();

/** The number of files by outcome: the code of the error. */
class Outcomes {
  readonly counts = new Map<string, number>();

  /** Runs one file; an error of another kind fails the test. */
  async run(body: () => unknown): Promise<void> {
    let outcome = 'valid';
    try {
      await body();
    } catch (error) {
      if (!(error instanceof TimestepError) && !(error instanceof SafetensorsError)) throw error;
      outcome = error.code;
    }
    this.counts.set(outcome, (this.counts.get(outcome) ?? 0) + 1);
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }
}

afterEach(() => {
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect('polluted' in {}).toBe(false);
});

describe('damaged ONNX files', () => {
  const generator = new Generator(3);
  const shared = { backend, generator, inputSize: 3, hiddenSize: 2 };
  const models = async () => [
    await exportOnnx(
      new Sequential(
        new LSTM({ ...shared, bidirectional: true }),
        new LayerNorm({ backend, size: 4 }),
        new Linear({ backend, generator, inputSize: 4, outputSize: 2 }),
      ),
      { lengths: true },
    ),
    await exportOnnx(new GRU({ ...shared, numLayers: 2 })),
    // A graph in a graph.
    await exportOnnx(new MGU(shared), { lengths: true }),
    ...['gru', 'rnn', 'lstm'].map((name) => fixture(`pytorch-${name}.onnx`)),
  ];

  /**
   * Imports, and runs what can be imported. Reading takes no more than ten times the file, and leaves nothing behind.
   */
  function read(file: Uint8Array): void {
    const before = backend.memory();
    try {
      const model = importOnnx(file, { backend });
      try {
        expect(backend.memory().bytes - before.bytes).toBeLessThanOrEqual(10 * file.length);
        using _scope = openScope(backend, { gradient: false });
        const feeds = model.inputs.map(
          ({ name, shape }) =>
            [
              name,
              shape?.length === 1
                ? [1, 2]
                : tensor(backend, new Float32Array(2 * 2 * (Number(shape?.[2]) === 4 ? 4 : 3)).fill(0.1), {
                    shape: [2, 2, Number(shape?.[2]) === 4 ? 4 : 3],
                  }),
            ] as const,
        );
        model.forward(Object.fromEntries(feeds));
      } finally {
        model.dispose();
      }
    } finally {
      expect(backend.memory().buffers).toBe(before.buffers);
    }
  }

  it('bytes changed at random, 3,500 times', async () => {
    const [random, files, outcomes] = [seeded(1), await models(), new Outcomes()];
    for (let n = 0; n < 3_500; n++)
      await outcomes.run(() => read(mutateBytes(files[random(files.length)]!, files[random(files.length)]!, random)));
    expect([...outcomes.counts.keys()]).toEqual(
      expect.arrayContaining(['MALFORMED_FILE', 'UNSUPPORTED_MODEL', 'valid']),
    );
  }, 180_000);

  it('well-formed, with sizes, names and attributes changed, 3,500 times', async () => {
    const [random, files, outcomes] = [seeded(2), await models(), new Outcomes()];
    const protos = files.map((file) => fromBinary(ModelProtoSchema, file));
    for (let n = 0; n < 3_500; n++) {
      const proto = clone(ModelProtoSchema, protos[random(protos.length)]!);
      for (let times = 1 + random(3); times > 0; times--) mutateModel(proto, random);
      await outcomes.run(() => read(toBinary(ModelProtoSchema, proto)));
    }
    expect([...outcomes.counts.keys()]).toEqual(
      expect.arrayContaining(['MALFORMED_FILE', 'UNSUPPORTED_MODEL', 'valid']),
    );
  }, 180_000);
});

const sizes = [0n, 1n, -1n, 2n, 3n, 7n, 1000n, 2n ** 31n, 2n ** 40n, -(2n ** 63n), 2n ** 63n - 1n];

/** One change that a protocol buffer can carry. */
function mutateModel({ graph, opsetImport }: ModelProto, random: Random): void {
  const pick = <Item>(list: readonly Item[]): Item | undefined => list[random(list.length)];
  const [node, other] = [pick(graph!.node), pick(graph!.node)];
  const constant = pick(graph!.initializer);
  const kind = random(12);
  if (!node || !other) return;
  if (kind === 0 && constant) constant.dims[random(constant.dims.length + 1)] = pick(sizes)!;
  else if (kind === 1 && constant) constant.rawData = constant.rawData.slice(0, random(constant.rawData.length + 1));
  else if (kind === 2 && constant) constant.dataType = random(20);
  else if (kind === 3) node.input[random(node.input.length + 1)] = pick(other.output) ?? '';
  else if (kind === 4)
    node.input.splice(random(node.input.length + 1), random(2), ...(random(2) ? [pick(other.input) ?? ''] : []));
  else if (kind === 5)
    node.output[random(node.output.length + 1)] = pick(['', '__proto__', 'constructor', 'x', ...other.output])!;
  else if (kind === 6)
    node.opType = random(4)
      ? other.opType
      : pick([
          'LSTM',
          'GRU',
          'RNN',
          'Conv',
          'toString',
          '__proto__',
          'Slice',
          'Split',
          'Expand',
          'ConstantOfShape',
          'Range',
          'Gather',
          'Where',
          'Softmax',
        ])!;
  else if (kind === 7) node.attribute.splice(random(node.attribute.length + 1), 1);
  else if (kind === 8) {
    const attribute = pick(node.attribute);
    if (attribute)
      Object.assign(
        attribute,
        random(3)
          ? { i: pick(sizes)!, ints: attribute.ints.map((value) => (random(2) ? value : pick(sizes)!)) }
          : { type: random(10) },
      );
  } else if (kind === 9)
    node.attribute.push(
      create(AttributeProtoSchema, {
        name: pick(['axis', 'perm', 'direction', 'layout', 'hidden_size', 'to', 'start'])!,
        type: 2,
        i: pick(sizes)!,
      }),
    );
  else if (kind === 10) graph!.node.splice(random(graph!.node.length), 1);
  else if (constant?.dataType === 7 && constant.rawData.length >= 8)
    new DataView(constant.rawData.buffer, constant.rawData.byteOffset).setBigInt64(
      8 * random(Math.floor(constant.rawData.length / 8)),
      pick(sizes)!,
      true,
    );
  else if (opsetImport[0] && random(4) === 0) opsetImport[0].version = pick(sizes)!;
}

describe('damaged safetensors files as state dicts', () => {
  it('end in a typed error or in tensors no larger than the file, 2,000 times', async () => {
    const [random, outcomes] = [seeded(3), new Outcomes()];
    const files = ['tagger.safetensors', 'tagger-renamed.safetensors'].map(fixture);
    for (let n = 0; n < 2_000; n++) {
      const file = mutateBytes(files[random(2)]!, files[random(2)]!, random);
      await outcomes.run(() => {
        const total = [...readStateDict(file).values()].reduce((sum, { data }) => sum + data.byteLength, 0);
        expect(total).toBeLessThanOrEqual(2 * file.length);
      });
    }
    expect(outcomes.counts.get('valid')).toBeGreaterThan(10);
    expect(outcomes.counts.size).toBeGreaterThan(4);
  });
});

describe('damaged files of torch.save', () => {
  it('end in a typed error or in tensors of at most ten times the file, 2,000 times', async () => {
    const [random, outcomes] = [seeded(6), new Outcomes()];
    const files = ['state', 'checkpoint', 'tensors'].map((name) => fixture(`pt/${name}.pt`));
    const archives = files.map((file) => unzipSync(file));
    for (let n = 0; n < 2_000; n++) {
      const k = random(files.length);
      const inside = () => {
        const name = Object.keys(archives[k]!).find((one) => one.endsWith('data.pkl'))!;
        const pickle = archives[k]![name]!;
        return zipSync({ ...archives[k], [name]: mutateBytes(pickle, pickle, random) }, { level: 0 });
      };
      const file = random(3) === 0 ? mutateBytes(files[k]!, files[random(3)]!, random) : inside();
      await outcomes.run(() => {
        const path = k === 1 ? { path: 'model' } : { mapping: { size: null, dtype: null, set: null, bytes: null } };
        const read = readStateDict(file, k === 0 ? {} : path);
        const total = [...read.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
        expect(total).toBeLessThanOrEqual(Math.max(2 ** 20, 10 * file.length));
      });
    }
    expect(outcomes.counts.get('valid')).toBeGreaterThan(10);
    expect(outcomes.counts.size).toBeGreaterThan(4);
  });
});

describe('damaged Keras files', () => {
  it('archives and configurations, 2,500 times', async () => {
    const [random, outcomes] = [seeded(4), new Outcomes()];
    const names = ['lstm', 'bidirectional', 'tokens', 'functional'];
    const files = names.map((name) => fixture(`keras-${name}.keras`));
    const archives = files.map((file) => unzipSync(file));
    // The weights themselves are damaged below, in a thread.
    const sound = new Map<number, Hdf5Datasets>(
      await Promise.all(archives.map(async (archive, k) => [k, await readHdf5(archive['model.weights.h5']!)] as const)),
    );
    for (let n = 0; n < 2_500; n++) {
      const k = random(files.length);
      const archive = archives[k]!;
      const file =
        random(3) === 0
          ? mutateBytes(files[k]!, files[random(files.length)]!, random)
          : zipSync(
              { ...archive, 'config.json': strToU8(mutateText(strFromU8(archive['config.json']!), random)) },
              { level: 0 },
            );
      const before = backend.memory().buffers;
      await outcomes.run(async () =>
        (await importKeras(file, { backend, readHdf5: async () => sound.get(k)! })).dispose(),
      );
      expect(backend.memory().buffers).toBe(before);
    }
    expect([...outcomes.counts.keys()]).toEqual(
      expect.arrayContaining(['valid', 'MALFORMED_FILE', 'UNSUPPORTED_MODEL', 'INVALID_TENSOR']),
    );
  });

  it('HDF5 files, 1,200 times, in a thread with limits', async () => {
    const [random, outcomes] = [seeded(5), new Outcomes()];
    using reader = createHdf5Reader({ timeLimit: 5_000 });
    const small = fixture('keras-gru-reset-before.weights.h5');
    const other = unzipSync(fixture('keras-lstm.keras'))['model.weights.h5']!;
    const gru = new GRU({ backend, inputSize: 4, hiddenSize: 3, reset: 'before' });
    for (let n = 0; n < 1_200; n++) {
      const file = mutateBytes(small, other, random);
      await outcomes.run(async () => {
        const datasets = await reader(file);
        const total = [...datasets.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
        expect(total).toBeLessThanOrEqual(Math.max(2 ** 20, 10 * file.length));
        loadKerasWeights(datasets, { gru });
      });
    }
    expect([...outcomes.counts.keys()]).toEqual(expect.arrayContaining(['valid', 'MALFORMED_FILE']));
    expect(outcomes.total).toBe(1_200);
  }, 180_000);
});

it('hostile files of 8 MB are refused within a heap of 150 MB', () => {
  const script = fileURLToPath(new URL('./test-support/hostile.ts', import.meta.url));
  const output = execFileSync(
    process.execPath,
    ['--conditions=@timestep/source', '--max-old-space-size=150', '--max-semi-space-size=8', script],
    { encoding: 'utf8' },
  );
  expect(output.trim().split('\n')).toEqual([
    'READ_LIMIT',
    'READ_LIMIT',
    'READ_LIMIT',
    'READ_LIMIT',
    'UNSUPPORTED_MODEL',
    'MALFORMED_FILE',
    'READ_LIMIT',
  ]);
});
