// Prints the README's table: microseconds of the CPU backend's own kernels and of oneDNN's on the same memory, alone,
// between two kernels of the CPU backend, and between two products of the library. Run in the repository's root, on an
// idle machine: node --conditions=@timestep/source packages/backend-native/scripts/elementwise.mjs [the library's file]
import { CpuBackend } from '@timestep/backend-cpu/extend';
import { createNativeBackend } from '@timestep/backend-native';

const native = await createNativeBackend({ library: 'onednn', threads: 2, threshold: 0, path: process.argv[2] });
const own = new CpuBackend(native.engine);
const rounds = 6;

const make = (length) => {
  const buffer = native.alloc('f32', length);
  native.write(
    buffer,
    Float32Array.from({ length }, (_, n) => 2 * Math.sin(n)),
  );
  return buffer;
};
const free = (buffers) => buffers.forEach((buffer) => native.free(buffer));
const median = (times) => times.toSorted((a, b) => a - b)[times.length >> 1];

const kernel = [make(2 ** 17), make(2 ** 17)];
const product = [make(2 ** 16), make(2 ** 16), make(2 ** 16)];
const square = {
  m: 256,
  n: 256,
  k: 256,
  batch: 1,
  aStride: 0,
  bStride: 0,
  transposeA: false,
  transposeB: false,
  accumulate: false,
};
const places = {
  alone: () => undefined,
  'between kernels': () => own.unary('exp', ...kernel, 0, 0),
  'between products': () => native.matmul(...product, square),
};

/** Medians of alternating runs, in microseconds; both include the operations around the measured one. */
function compare(what, run) {
  const cells = Object.values(places).map((beside) => {
    const times = new Map([
      [own, []],
      [native, []],
    ]);
    for (let round = 0; round < rounds; round++) {
      for (const [backend, list] of times) {
        for (let call = 0; call < 12; call++) {
          const start = performance.now();
          beside();
          run(backend);
          beside();
          // The first two find the other's threads still awake.
          if (call > 1) list.push(1000 * (performance.now() - start));
        }
      }
    }
    const [ours, library] = [...times.values()].map(median);
    return `${ours.toFixed(0)}, ${library.toFixed(0)}, ${(library / ours).toFixed(2)}`;
  });
  console.log(`| ${[what, ...cells].join(' | ')} |`);
}

console.log(`${native.library}\n| | ${Object.keys(places).join(' | ')} |\n|---|---|---|---|`);
for (const op of ['tanh', 'sigmoid']) {
  for (const length of [2 ** 16, 2 ** 18, 2 ** 20, 2 ** 22]) {
    const [x, y] = [make(length), make(length)];
    compare(`${op}, ${length}`, (backend) => backend.unary(op, x, y, 0, 0));
    free([x, y]);
  }
}
for (const [rows, columns] of [
  [2048, 65],
  [3200, 256],
  [64, 5000],
  [12288, 250],
  [49152, 65],
  [16384, 512],
]) {
  const spec = { rows, columns, epsilon: 1e-5, needsSaved: true };
  const inputs = { x: make(rows * columns), weight: make(columns), bias: make(columns) };
  const upstream = { y: make(rows * columns) };
  compare(`layerNorm, ${rows} × ${columns}`, ({ fused }) => {
    const { outputs, saved } = fused.layerNorm.forward(spec, inputs);
    saved.release();
    free([outputs.y]);
  });
  compare('both passes of it', ({ fused }) => {
    const { outputs, saved } = fused.layerNorm.forward(spec, inputs);
    const gradients = fused.layerNorm.backward(spec, {
      inputs,
      outputs,
      saved,
      gradients: upstream,
      wanted: { x: true, weight: true, bias: true },
    });
    saved.release();
    free([outputs.y, ...Object.values(gradients)]);
  });
  free([...Object.values(inputs), upstream.y]);
}
await native.dispose();
