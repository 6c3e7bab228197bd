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
  fasta: new URL('./fasta.ts', import.meta.url),
  parallel: new URL('./parallel.ts', import.meta.url),
  series: new URL('./series.ts', import.meta.url),
  arpa: new URL('./arpa.ts', import.meta.url),
  lexicon: new URL('./lexicon.ts', import.meta.url),
  unipen: new URL('./unipen.ts', import.meta.url),
  strokes: new URL('./strokes.ts', import.meta.url),
  checkpoint: new URL('./checkpoint.ts', import.meta.url),
  recognizer: new URL('./recognizer.ts', import.meta.url),
  'app-model': new URL('./app-model.ts', import.meta.url),
};
