import { ArgumentError, DeviceError } from '@timestep/backend-api';
import { Dnnl } from '../dnnl/library.ts';
import type { MultiplyData } from '../multiply.ts';
import { blasGemm, dnnlGemm, type Gemm } from '../products.ts';
import { openBlasCoreType, readCpuInfo, withEnvironment } from './environment.ts';
import { blasNames, dnnlNames, findLibrary, howToInstall } from './find.ts';
import { blasThreads, openMpThreads } from './threads.ts';

/** The library to use; `auto` takes oneDNN if it is installed, otherwise a BLAS. */
export type LibraryChoice = 'auto' | 'onednn' | 'blas';

/** A loaded library of the system. */
export interface NativeLibrary {
  /** The name and, if known, the version, in one line. */
  readonly description: string;
  readonly gemm: Gemm;
  /** How src/multiply.ts finds it in a worker */
  readonly multiply: MultiplyData;
  /** The recurrent primitives; null for a BLAS. */
  readonly dnnl: Dnnl | null;
  setThreads(threads: number): void;
}

const choices: readonly LibraryChoice[] = ['auto', 'onednn', 'blas'];

/**
 * The number of times that an idle OpenMP thread polls for work before it sleeps. The default of 300,000 takes some
 * milliseconds, in which it keeps a processor from our own threads.
 */
const spinCount = '20000';

/**
 * Loads oneDNN or a BLAS.
 *
 * @param path the file of a library to load instead of those that the system's loader finds
 * @throws DeviceError `NO_DEVICE` if there is none; the message says how to install one
 */
export function loadLibrary(choice: LibraryChoice, path?: string): NativeLibrary {
  if (!choices.includes(choice))
    throw new ArgumentError(
      `[createNativeBackend] expected library to be one of ${choices.join(', ')}, got ${String(choice)}; leave it out to take what there is`,
    );
  const platform = process.platform;
  const found =
    (choice === 'blas' ? null : loadDnnl(path ? [path] : (dnnlNames[platform] ?? []))) ??
    (choice === 'onednn' ? null : loadBlas(path ? [path] : (blasNames[platform] ?? [])));
  if (found !== null) return found;
  if (path)
    throw new DeviceError(
      'NO_DEVICE',
      `[createNativeBackend] found no library, expected ${path} to be one, with the functions of ${choice === 'auto' ? 'oneDNN or of a BLAS' : { onednn: 'oneDNN', blas: 'a BLAS' }[choice]}; leave path out to take what there is, or use createCpuBackend(), which needs none`,
    );
  const wanted = { auto: 'oneDNN or a BLAS', onednn: 'oneDNN', blas: 'a BLAS' }[choice];
  throw new DeviceError(
    'NO_DEVICE',
    `[createNativeBackend] found no library, expected ${wanted}; ${howToInstall(platform)}, or use createCpuBackend(), which needs none`,
  );
}

function loadDnnl(names: readonly string[]): NativeLibrary | null {
  return withEnvironment({ GOMP_SPINCOUNT: spinCount }, () => {
    const found = findLibrary(names, 'dnnl_primitive_execute');
    if (found === null) return null;
    const dnnl = new Dnnl(found.library);
    return {
      description: `oneDNN ${dnnl.api.version} (${found.name})`,
      gemm: dnnlGemm(found.library),
      multiply: { kind: 'onednn', name: found.name },
      dnnl,
      setThreads: openMpThreads(),
    };
  });
}

function loadBlas(names: readonly string[]): NativeLibrary | null {
  const coreType = openBlasCoreType(readCpuInfo());
  return withEnvironment(coreType === null ? {} : { OPENBLAS_CORETYPE: coreType }, () => {
    const found = findLibrary(names, 'cblas_sgemm');
    if (found === null) return null;
    const setThreads = blasThreads(found.library) ?? openMpThreads();
    return {
      description: `BLAS (${found.name}${coreType === null ? '' : `, ${coreType}`})`,
      gemm: blasGemm(found.library),
      multiply: { kind: 'blas', name: found.name },
      dnnl: null,
      setThreads,
    };
  });
}
