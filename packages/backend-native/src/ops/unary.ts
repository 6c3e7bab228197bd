import type { DeviceBuffer, UnaryOp } from '@timestep/backend-api';
import { Eltwise } from '../dnnl/eltwise.ts';
import type { EltwiseAlgorithm } from '../dnnl/functions.ts';
import type { Native } from '../native.ts';

/** Does the operation, or says by `false` that it is the CPU backend's. */
export type NativeUnary = (op: UnaryOp, input: DeviceBuffer, out: DeviceBuffer) => boolean;

/** The functions that mean the same to oneDNN and are faster there; README.md says why the others are not here. */
const algorithms: Readonly<Partial<Record<UnaryOp, EltwiseAlgorithm>>> = { tanh: 'tanh', sigmoid: 'logistic' };

/** @param threshold elements from which on the library is used */
export function nativeUnary({ engine, memory, primitives, useThreads }: Native, threshold: number): NativeUnary {
  return (op, input, out) => {
    const algorithm = algorithms[op];
    const { length } = out;
    if (algorithm === undefined || input.dtype !== 'f32' || length === 0 || length < threshold) return false;
    const addresses = [engine.address(input), engine.address(out)].map((offset) => memory.at(offset));
    useThreads();
    primitives.get(Eltwise, { algorithm, length }).execute(addresses);
    return true;
  };
}
