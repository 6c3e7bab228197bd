import { DeviceError } from '@timestep/backend-api';
import { plainModule, relaxedModule } from '../../build/kernels.ts';

/** A function returning v128 whose body is one `f32x4.relaxed_madd`: valid only where the engine has relaxed SIMD. */
const relaxedProbe = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b, 0x03, 0x02, 0x01, 0x00,
  0x0a, 0x13, 0x01, 0x11, 0x00, 0x41, 0x01, 0xfd, 0x0f, 0x41, 0x01, 0xfd, 0x0f, 0x41, 0x01, 0xfd, 0x0f, 0xfd, 0x85,
  0x02, 0x0b,
]);

/** Whether this engine has relaxed SIMD (Node ≥ 22, Chrome ≥ 114, Firefox ≥ 145). */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(relaxedProbe);
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

const importSection = 2;
const functionImport = 0;
const memoryImport = 2;
const sharedWithMaximum = 0x03;
const unsharedWithMaximum = 0x01;

/** Clears the `shared` flag of the memory that the module imports, in place. */
function unshareMemory(bytes: Uint8Array): void {
  let position = 8;
  const readInteger = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[position++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const skip = (): void => {
    const size = readInteger();
    position += size;
  };
  while (bytes[position++] !== importSection) skip();
  readInteger(); // size of the section
  for (let left = readInteger(); left > 0; left--) {
    skip(); // the names `env`
    skip(); // and `memory` or `multiply`
    const kind = bytes[position++];
    if (kind === functionImport) {
      readInteger(); // its type
    } else if (kind === memoryImport && bytes[position] === sharedWithMaximum) {
      bytes[position] = unsharedWithMaximum;
      return;
    } else break;
  }
  throw new Error('the kernels import no shared memory; rebuild them');
}

/**
 * Compiles the kernels, for a shared or a plain memory.
 *
 * @throws DeviceError `NO_DEVICE` where the page's content policy forbids WebAssembly
 */
export async function compileKernels(options: { relaxedSimd: boolean; shared: boolean }): Promise<WebAssembly.Module> {
  const bytes = decodeBase64(options.relaxedSimd ? relaxedModule : plainModule);
  if (!options.shared) unshareMemory(bytes);
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    // The words of Chromium, Firefox and Safari all name the policy; the bytes are always the same and valid.
    if (!/content security policy|unsafe-eval|CSP/i.test(String(cause))) throw cause;
    throw new DeviceError(
      'NO_DEVICE',
      "[createCpuBackend] this page's Content-Security-Policy forbids WebAssembly; add 'wasm-unsafe-eval' to its script-src: `script-src 'self' 'wasm-unsafe-eval'`, and for threads `worker-src blob:`",
      { cause },
    );
  }
}
