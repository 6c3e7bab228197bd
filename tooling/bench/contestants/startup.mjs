// From nothing to the first training step, once: `node startup.mjs BACKEND THREADS`. Plain JavaScript, so that no type
// stripping is timed.
const [name = 'cpu', threads = '1'] = process.argv.slice(2);
const begin = performance.now();
const [{ openScope, tensor }, { LSTM }, made] = await Promise.all([
  import('@timestep/core'),
  import('@timestep/layers'),
  name === 'cpu' ? import('@timestep/backend-cpu') : import('@timestep/backend-native'),
]);
const imported = performance.now();
const backend =
  name === 'cpu'
    ? await made.createCpuBackend({ threads: Number(threads) })
    : await made.createNativeBackend({ threads: Number(threads), library: name });
const created = performance.now();
openScope(backend);
const layer = new LSTM({ backend, inputSize: 32, hiddenSize: 128 });
const { output } = layer.forward(tensor(backend, new Float32Array(100 * 32 * 32).fill(0.1), { shape: [100, 32, 32] }));
output.backward(tensor(backend, new Float32Array(100 * 32 * 128).fill(0.1), { shape: [100, 32, 128] }));
await layer.parameters()[0].grad.data();
const stepped = performance.now();
await backend.dispose();
console.log(
  JSON.stringify({ process: begin, import: imported - begin, create: created - imported, step: stepped - created }),
);
