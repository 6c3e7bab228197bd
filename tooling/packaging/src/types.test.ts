import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';

// Beside node_modules, so that the built packages are found as an installed user finds them: by `types`, not by source.
const folder = mkdtempSync(fileURLToPath(new URL('../.types-', import.meta.url)));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A user's program: what is written here compiles, and what is marked as an error does not. */
const program = `
import { add, multiply, scan, tensor, zeros, type Backend, type Tensor } from '@timestep/core';
import { Cell, Conv1d, GRU, Linear, LSTM, Module, Parameter, Recurrent, RNN, Sequential, type StateDict } from '@timestep/layers';
import { createCpuBackend } from '@timestep/backend-cpu';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <Claim extends true>(): Claim | undefined => undefined;

const backend: Backend = await createCpuBackend({ threads: 1 });
const x = tensor(backend, [[[1, 2]]]);

const lstm = new LSTM({ backend, inputSize: 2, hiddenSize: 4, bidirectional: true });
const { output, state } = lstm.forward(x, { lengths: [1] });
holds<Equal<typeof output, Tensor>>();
holds<Equal<typeof state, { readonly h: Tensor; readonly c: Tensor }>>();
holds<Equal<typeof lstm.weight_ih_l0_reverse, Parameter | undefined>>();
lstm.forward(x, { state });

const gru = new GRU({ backend, inputSize: 2, hiddenSize: 4 });
gru.step(x, gru.forward(x).state);
// @ts-expect-error a GRU has no cell state
gru.forward(x).state.c;
// @ts-expect-error its state is not the LSTM's
lstm.forward(x, { state: gru.forward(x).state });
// @ts-expect-error sizes are needed
new RNN({ backend, inputSize: 2 });
// @ts-expect-error an activation that there is not
new RNN({ backend, inputSize: 2, hiddenSize: 2, activation: 'sine' });

class Leaky extends Cell<{ h: Tensor }> {
  readonly inputSize = 2;
  readonly outputSize = 2;
  readonly stateShapes = { h: [2] };
  decay = new Parameter(backend, [2], [0.5, 0.9]);
  step(input: Tensor, { h }: { h: Tensor }) {
    const next = add(multiply(h, this.decay), input);
    return { output: next, state: { h: next } };
  }
}
const own = new Recurrent({ cell: () => new Leaky(), inputSize: 2, numLayers: 2, residual: true });
holds<Equal<ReturnType<typeof own.forward>['state'], { h: Tensor }>>();

class Tagger extends Module {
  body = new Sequential(new Conv1d({ backend, inputSize: 2, outputSize: 2, kernelSize: 1 }), lstm, new Linear({ backend, inputSize: 8, outputSize: 3 }));
  forward = (input: Tensor, lengths: Int32Array): Tensor => this.body.forward(input, { lengths });
}
const dict: StateDict = await new Tagger().stateDict();
new Tagger().loadStateDict(dict, { strict: false }).missing satisfies readonly string[];
// @ts-expect-error a dict holds shapes beside the data
new Tagger().loadStateDict({ weight: new Float32Array(2) });

const summed = scan((input, { h }: { h: Tensor }) => ({ output: h, state: { h: add(h, input) } }), x, { h: zeros(backend, [1, 2]) });
holds<Equal<typeof summed.state, { h: Tensor }>>();
// @ts-expect-error a step returns the state it takes
scan((input, { h }: { h: Tensor }) => ({ output: h, state: { c: input } }), x, { h: x });
`;

it('the declarations that are shipped hold in a strict project', async () => {
  writeFileSync(join(folder, 'program.ts'), program);
  const options = {
    target: 'es2023',
    module: 'nodenext',
    lib: ['es2023', 'esnext.disposable', 'dom'],
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['program.ts'] }));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  const compiler = fileURLToPath(import.meta.resolve('typescript/lib/tsc.js'));
  const { stdout } = await promisify(execFile)(process.execPath, [compiler, '--project', folder]).catch(
    (error: unknown) => error as { stdout: string },
  );
  expect(stdout).toBe('');
});
