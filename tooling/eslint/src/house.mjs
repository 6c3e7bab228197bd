/**
 * Who may import whom. A package may import the packages named here (type imports included) and nothing else of the
 * house; tests, tooling and apps may import anything.
 */
export const house = {
  'backend-api': [],
  'backend-auto': ['backend-api'],
  'backend-conformance': ['backend-api', 'core'],
  'backend-cpu': ['backend-api'],
  'backend-native': ['backend-api', 'backend-cpu'],
  'backend-webgpu': ['backend-api'],
  core: ['backend-api'],
  layers: ['core'],
  safetensors: [],
  train: ['core', 'layers', 'safetensors'],
  ctc: ['core', 'layers'],
  datasets: ['core'],
  interop: ['core', 'layers', 'safetensors'],
};

/** Source folders whose files may use `node:` modules: each is published as a subpath of its own. */
export const nodeFolders = ['node'];

/** Folders of a package that must not import another of its folders: what is below knows nothing of what is above. */
export const layers = [
  { package: 'core', folder: 'ops', mayNotImport: 'sequence' },
  { package: 'core', folder: 'autograd', mayNotImport: 'sequence' },
];
