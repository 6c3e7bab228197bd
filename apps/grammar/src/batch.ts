import { type Backend, tensor, type Tensor } from '@timestep/core';
import type { Language } from './languages.ts';

/** Strings of a language side by side, as the network takes them. */
export interface SymbolBatch {
  /** f32 `[T, N, S]`: 1 at the symbol of each step, 0 past a string's end */
  readonly x: Tensor;
  /** f32 `[T, N, S]`: 1 for each symbol that may follow */
  readonly legal: Tensor;
  /** u32 `[T, N, 1]`: 0 where nothing follows any more */
  readonly mask: Tensor;
}

/** Strings one-hot, `[T, N, S]`, without their last symbol, which nothing follows. */
export function encodeStrings(backend: Backend, symbols: string, strings: readonly string[]): Tensor {
  const [size, batch] = [symbols.length, strings.length];
  const steps = Math.max(...strings.map(({ length }) => length - 1));
  const x = new Float32Array(steps * batch * size);
  for (const [n, string] of strings.entries()) {
    for (let t = 0; t + 1 < string.length; t++) x[(t * batch + n) * size + symbols.indexOf(string[t]!)] = 1;
  }
  return tensor(backend, x, { shape: [steps, batch, size] });
}

/** Strings of a language, with what it lets follow each symbol as the target. */
export function encode(backend: Backend, language: Language, strings: readonly string[]): SymbolBatch {
  const { symbols } = language;
  const x = encodeStrings(backend, symbols, strings);
  const [steps, batch, size] = x.shape as readonly [number, number, number];
  const legal = new Float32Array(x.size);
  const mask = new Uint32Array(steps * batch);
  for (const [n, string] of strings.entries()) {
    const successors = language.legal(string);
    for (let t = 0; t + 1 < string.length; t++) {
      mask[t * batch + n] = 1;
      for (const symbol of successors[t]!) legal[(t * batch + n) * size + symbols.indexOf(symbol)] = 1;
    }
  }
  return {
    x,
    legal: tensor(backend, legal, { shape: x.shape }),
    mask: tensor(backend, mask, { shape: [steps, batch, 1] }),
  };
}
