// A project that reads these sources, and not the built files, has to be led to the declarations.
// eslint-disable-next-line @typescript-eslint/triple-slash-reference -- there is no other way to bring an ambient declaration along
/// <reference path="./fourier-transform.d.ts" />
export { fft, ifft } from 'fourier-transform';
