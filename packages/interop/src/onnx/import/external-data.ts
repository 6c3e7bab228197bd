import { ArgumentError, describe, is, toBytes, type Bytes } from '@timestep/core';
import { ensure } from '../../errors.ts';
import type { TensorProto } from '../proto/onnx.generated.ts';

/**
 * The files with the weights of a model: bytes by file name, a function from a file name to bytes, or the bytes of the
 * only file.
 */
export type OnnxExternalData = Bytes | Readonly<Record<string, Bytes>> | ((location: string) => Bytes);

/** Reads contents of a model that are in another file. */
export class ExternalData {
  readonly #source: OnnxExternalData | undefined;
  readonly #files = new Map<string, Uint8Array>();

  /** @throws ArgumentError for anything but bytes, an object of bytes or a function */
  constructor(source: OnnxExternalData | undefined) {
    const usable =
      source === undefined || typeof source === 'function' || isBytes(source) || is.object(source) === null;
    if (!usable)
      throw new ArgumentError(
        `[importOnnx] expected externalData to be bytes, an object { file name: bytes } or a function from a name to bytes, got ${describe(source)}`,
      );
    this.#source = source;
  }

  /**
   * @throws InteropError `MISSING_TENSOR` if the file was not passed, `MALFORMED_FILE` if it is too short or its
   *   description in the model is damaged
   */
  read(where: string, { externalData }: TensorProto): Uint8Array {
    const entries = new Map(externalData.map(({ key, value }) => [key, value]));
    const location = entries.get('location');
    ensure(
      !!location,
      'MALFORMED_FILE',
      () => `[onnx] ${where} is stored in another file, but the model does not name it; the model is damaged`,
    );
    const file = this.#file(where, location);
    const [offset, length] = ['offset', 'length'].map((key) => {
      const text = entries.get(key);
      return text === undefined ? undefined : /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    });
    const from = offset ?? 0;
    const to = from + (length ?? file.length - from);
    ensure(
      to <= file.length && from <= to,
      'MALFORMED_FILE',
      () =>
        `[onnx] ${where} is bytes ${from} to ${to} of '${location}', which has ${file.length}; is it the file of this model?`,
    );
    return file.subarray(from, to);
  }

  #file(where: string, location: string): Uint8Array {
    const known = this.#files.get(location);
    if (known) return known;
    const source = this.#source;
    const bytes = isBytes(source)
      ? source
      : typeof source === 'function'
        ? source(location)
        : source && Object.hasOwn(source, location)
          ? source[location]
          : undefined;
    ensure(
      bytes !== undefined,
      'MISSING_TENSOR',
      () =>
        `[onnx] ${where} is stored in the file '${location}'; read it too and pass importOnnx(model, { backend, externalData: { '${location}': bytes } })`,
    );
    const file = toBytes('importOnnx', bytes);
    this.#files.set(location, file);
    return file;
  }
}

function isBytes(source: OnnxExternalData | undefined): source is Bytes {
  return ArrayBuffer.isView(source) || /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(source));
}
