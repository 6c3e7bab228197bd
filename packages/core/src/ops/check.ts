import { ArgumentError, DTypeError, type DType } from '@timestep/backend-api';
import type { Tensor } from '../tensor.ts';

/** All on one backend. */
export function sameBackend(where: string, tensors: readonly (Tensor | null | undefined)[]): void {
  const first = tensors.find((tensor) => tensor);
  for (const tensor of tensors) {
    if (tensor && tensor.backend !== first?.backend) {
      throw new ArgumentError(
        `[${where}] tensors of two backends ('${first?.backend.name}' and '${tensor.backend.name}') cannot be combined; move one with await tensor.to(backend)`,
        'BACKEND_MISMATCH',
      );
    }
  }
}

export function expectDType(where: string, what: string, tensor: Tensor, allowed: readonly DType[]): void {
  if (!allowed.includes(tensor.dtype)) {
    throw new DTypeError(
      `[${where}] expected ${what} of dtype ${allowed.join(' or ')}, got ${tensor.dtype}; use cast(tensor, '${allowed[0]}')`,
    );
  }
}
