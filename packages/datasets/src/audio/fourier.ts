// Other projects that read these sources, instead of the built files, need this reference to find the declarations.
// eslint-disable-next-line @typescript-eslint/triple-slash-reference -- an ambient declaration cannot be imported
/// <reference path="./fourier-transform.d.ts" />
export { fft, ifft } from 'fourier-transform';
