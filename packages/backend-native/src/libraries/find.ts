import koffi from 'koffi';
import type { Library } from '../dnnl/functions.ts';

/** Names under which the platforms' loaders know oneDNN, the newest first. */
export const dnnlNames: Readonly<Record<string, readonly string[]>> = {
  // Debian gives each 3.x release a name of its own.
  linux: ['libdnnl.so.3', 'libdnnl.so.3.8', 'libdnnl.so.3.7', 'libdnnl.so.3.6', 'libdnnl.so.2'],
  darwin: ['libdnnl.3.dylib', '/opt/homebrew/lib/libdnnl.3.dylib', '/usr/local/lib/libdnnl.3.dylib', 'libdnnl.2.dylib'],
  win32: ['dnnl.dll'],
};

/** Libraries with the CBLAS interface, the fastest first. */
export const blasNames: Readonly<Record<string, readonly string[]>> = {
  linux: ['libmkl_rt.so.2', 'libopenblas.so.0', 'libblis.so.4', 'libblis.so.3'],
  darwin: [
    '/System/Library/Frameworks/Accelerate.framework/Accelerate',
    '/opt/homebrew/opt/openblas/lib/libopenblas.dylib',
  ],
  win32: ['mkl_rt.2.dll', 'libopenblas.dll'],
};

export interface Found {
  readonly library: Library;
  /** The name or path that it was loaded by. */
  readonly name: string;
}

/** Loads the first library that the system's loader finds and that has the function; null where there is none. */
export function findLibrary(names: readonly string[], needed: string): Found | null {
  for (const name of names) {
    try {
      const library = koffi.load(name);
      // Throws where the library has no such function: another library of the same name.
      library.symbol(needed);
      return { library, name };
    } catch {
      continue;
    }
  }
  return null;
}

/** How to get a library that this backend can use, for the message of an error. */
export function howToInstall(platform: string): string {
  if (platform === 'linux')
    return 'install one with `apt install libdnnl2` or `apt install libopenblas0-pthread` (Debian, Ubuntu), `dnf install onednn` (Fedora)';
  if (platform === 'darwin') return 'install one with `brew install onednn`';
  return 'put dnnl.dll or libopenblas.dll on the PATH';
}
