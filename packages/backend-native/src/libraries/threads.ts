import koffi from 'koffi';

/** Sets the threads of the OpenMP runtime that a library uses; does nothing where the runtime is not found. */
export function openMpThreads(): (threads: number) => void {
  for (const name of ['libgomp.so.1', 'libiomp5.so', 'libomp.dylib']) {
    try {
      return koffi.load(name).func('void omp_set_num_threads(int threads)') as (threads: number) => void;
    } catch {
      continue;
    }
  }
  return () => undefined;
}

/** How OpenBLAS and BLIS are told their threads; null for a library with neither function. */
export function blasThreads(library: ReturnType<typeof koffi.load>): ((threads: number) => void) | null {
  for (const name of ['openblas_set_num_threads', 'MKL_Set_Num_Threads', 'bli_thread_set_num_threads']) {
    try {
      return library.func(`void ${name}(int threads)`) as (threads: number) => void;
    } catch {
      continue;
    }
  }
  return null;
}
