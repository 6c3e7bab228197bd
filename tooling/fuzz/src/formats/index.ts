/**
 * The formats that `pnpm fuzz` knows, each in a module of its own that exports `format: Format`. To add one: write the
 * module beside these, and name it here.
 */
export const formats: Readonly<Record<string, URL>> = {
  wav: new URL('./wav.ts', import.meta.url),
  csv: new URL('./csv.ts', import.meta.url),
  safetensors: new URL('./safetensors.ts', import.meta.url),
  onnx: new URL('./onnx.ts', import.meta.url),
  'tar.gz': new URL('./tar-gz.ts', import.meta.url),
  pt: new URL('./pt.ts', import.meta.url),
  keras: new URL('./keras.ts', import.meta.url),
  hdf5: new URL('./hdf5.ts', import.meta.url),
};
