/** The package brings no types (2.5.0); these are the functions used here. */
declare module 'fourier-transform' {
  /** The spectrum of real input of a length that is a power of 2: `[re, im]`, length/2 + 1 each, unscaled. */
  export function fft(input: ArrayLike<number>, output?: [Float64Array, Float64Array]): [Float64Array, Float64Array];
  /** The real signal of such a spectrum, `1/length` applied. */
  export function ifft(re: Float64Array, im: Float64Array, output?: Float64Array): Float64Array;
}
