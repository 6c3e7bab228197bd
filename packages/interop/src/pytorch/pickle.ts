import { InteropError, ensure } from '../errors.ts';

/** A class or function that a pickle names, such as `collections.OrderedDict`. */
export class PickleGlobal {
  readonly name: string;

  constructor(module: string, name: string) {
    this.name = `${module}.${name}`;
  }
}

/** A value of a pickle. Dictionaries are Maps; tuples and lists are arrays. */
export type PickleValue = unknown;

/** Functions for everything in a pickle other than plain values. */
export interface PickleHooks {
  /** Returns the value of `callable(...values)`, or refuses it. */
  call(callable: PickleGlobal, values: readonly PickleValue[]): PickleValue;
  /** Whether the state of an object may be skipped; it is refused otherwise. */
  setState(target: PickleValue, state: PickleValue): void;
  /** Returns the value of a persistent id. */
  load(id: PickleValue): PickleValue;
}

const mark = Symbol('mark');

/** The maximum size of Python integers in bytes; models have no larger ones. */
const maxIntegerBytes = 64;

/**
 * Reads a pickle of protocol 2 to 5 with a stack machine. Nothing is imported or executed: a global is only a name, and
 * the hooks decide what a call of it means. Other opcodes than those of plain values are refused.
 *
 * The packages on npm call constructors by name, or create objects whose keys come from the file. Neither is safe here,
 * and damaged files must always throw an InteropError.
 *
 * @throws InteropError `MALFORMED_FILE`, `UNSUPPORTED_MODEL`
 * @see https://docs.python.org/3/library/pickletools.html
 */
export function readPickle(bytes: Uint8Array, hooks: PickleHooks): PickleValue {
  return new Machine(bytes, hooks).run();
}

const malformed = (reason: string): never => {
  throw new InteropError('MALFORMED_FILE', `[pytorch] the pickle in the file is damaged: ${reason}`);
};

class Machine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #hooks: PickleHooks;
  readonly #memo = new Map<number, PickleValue>();
  readonly #stack: PickleValue[] = [];
  #at = 0;

  constructor(bytes: Uint8Array, hooks: PickleHooks) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#hooks = hooks;
  }

  run(): PickleValue {
    for (;;) {
      const code = this.#byte();
      if (code === 0x2e) return this.#pop(); // STOP
      const act = instructions[code];
      if (!act)
        throw new InteropError(
          'UNSUPPORTED_MODEL',
          `[pytorch] the pickle in the file has the opcode 0x${code.toString(16)} at ${this.#at - 1}, which no state dict needs; save model.state_dict()`,
        );
      act(this.#parts);
    }
  }

  /** The operations that the opcodes use. */
  readonly #parts = {
    push: (value: PickleValue): void => void this.#stack.push(value),
    pop: (): PickleValue => this.#pop(),
    top: (): PickleValue => (this.#stack.length > 0 ? this.#stack.at(-1) : malformed('the stack is empty')),
    take: (count: number): PickleValue[] => this.#take(count),
    toMark: (): PickleValue[] => {
      const at = this.#stack.lastIndexOf(mark);
      if (at < 0) malformed('a list has no beginning');
      const items = this.#stack.splice(at);
      return items.slice(1);
    },
    byte: (): number => this.#byte(),
    size: (width: 1 | 2 | 4 | 8): number => this.#size(width),
    signed: (): number => this.#view.getInt32(this.#skip(4), true),
    float: (): number => this.#view.getFloat64(this.#skip(8), false),
    bytes: (length: number): Uint8Array => {
      const from = this.#skip(length);
      return this.#bytes.subarray(from, from + length);
    },
    text: (length: number): string => {
      const from = this.#skip(length);
      return new TextDecoder().decode(this.#bytes.subarray(from, from + length));
    },
    line: (): string => {
      const end = this.#bytes.indexOf(0x0a, this.#at);
      if (end < 0) malformed('a line has no end');
      const text = new TextDecoder().decode(this.#bytes.subarray(this.#at, end));
      this.#at = end + 1;
      return text;
    },
    keep: (place: number): void => void this.#memo.set(place, this.#parts.top()),
    kept: (place: number): void => {
      if (!this.#memo.has(place)) malformed(`it reads value ${place}, which was not kept`);
      this.#stack.push(this.#memo.get(place));
    },
    keepNext: (): void => this.#parts.keep(this.#memo.size),
    hooks: (): PickleHooks => this.#hooks,
  };

  #byte(): number {
    return this.#bytes[this.#skip(1)]!;
  }

  #size(width: 1 | 2 | 4 | 8): number {
    const from = this.#skip(width);
    if (width === 1) return this.#view.getUint8(from);
    if (width === 2) return this.#view.getUint16(from, true);
    if (width === 4) return this.#view.getUint32(from, true);
    return Number(this.#view.getBigUint64(from, true));
  }

  /** Advances, and returns the position before. */
  #skip(length: number): number {
    const from = this.#at;
    if (!(length <= this.#bytes.length - from)) malformed(`it is cut off at ${from}`);
    this.#at += length;
    return from;
  }

  #pop(): PickleValue {
    if (this.#stack.length === 0) malformed('the stack is empty');
    const value = this.#stack.pop();
    if (value === mark) malformed('a list has no contents');
    return value;
  }

  #take(count: number): PickleValue[] {
    return Array.from({ length: count }, () => this.#pop()).reverse();
  }
}

type Parts = {
  readonly push: (value: PickleValue) => void;
  readonly pop: () => PickleValue;
  readonly top: () => PickleValue;
  readonly take: (count: number) => PickleValue[];
  readonly toMark: () => PickleValue[];
  readonly byte: () => number;
  readonly size: (width: 1 | 2 | 4 | 8) => number;
  readonly signed: () => number;
  readonly float: () => number;
  readonly bytes: (length: number) => Uint8Array;
  readonly text: (length: number) => string;
  readonly line: () => string;
  readonly keep: (place: number) => void;
  readonly kept: (place: number) => void;
  readonly keepNext: () => void;
  readonly hooks: () => PickleHooks;
};

/** Reads a little-endian integer in two's complement, as a number if that is exact. */
function integerOf(bytes: Uint8Array): number | bigint {
  ensure(
    bytes.length <= maxIntegerBytes,
    'UNSUPPORTED_MODEL',
    () => `[pytorch] the file holds an integer of ${bytes.length} bytes; ${maxIntegerBytes} are read`,
  );
  const unsigned = bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
  const value = BigInt.asIntN(8 * bytes.length, unsigned);
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function listOf(value: PickleValue): PickleValue[] {
  return Array.isArray(value) ? (value as PickleValue[]) : malformed('it appends to a value that is not a list');
}

function setItems(target: PickleValue, items: readonly PickleValue[]): void {
  if (!(target instanceof Map) || items.length % 2 !== 0)
    malformed('it sets entries of a value that is not a dictionary');
  for (let n = 0; n < items.length; n += 2) (target as Map<PickleValue, PickleValue>).set(items[n], items[n + 1]);
}

function mapOf(items: readonly PickleValue[]): Map<PickleValue, PickleValue> {
  const made = new Map<PickleValue, PickleValue>();
  setItems(made, items);
  return made;
}

function named(module: PickleValue, name: PickleValue): PickleGlobal {
  return typeof module === 'string' && typeof name === 'string'
    ? new PickleGlobal(module, name)
    : malformed('a global has no name');
}

function called({ hooks, take }: Parts): PickleValue {
  const [callable, values] = take(2);
  if (!(callable instanceof PickleGlobal)) return malformed('it calls a value that is not a function');
  return hooks().call(callable, listOf(values));
}

/** The opcodes of state dicts, by their byte. */
const instructions: Readonly<Record<number, (parts: Parts) => void>> = {
  0x80: ({ byte }) => {
    const protocol = byte();
    ensure(
      protocol <= 5,
      'UNSUPPORTED_MODEL',
      () => `[pytorch] the file's pickle has protocol ${protocol}; up to 5 are read`,
    );
  },
  0x95: ({ size }) => void size(8), // FRAME
  0x28: ({ push }) => push(mark),
  0x30: ({ pop }) => void pop(),
  0x31: ({ toMark }) => void toMark(), // POP_MARK
  0x32: ({ push, top }) => push(top()), // DUP
  0x4e: ({ push }) => push(null),
  0x88: ({ push }) => push(true),
  0x89: ({ push }) => push(false),
  0x4a: ({ push, signed }) => push(signed()), // BININT
  0x4b: ({ push, size }) => push(size(1)),
  0x4d: ({ push, size }) => push(size(2)),
  0x8a: ({ push, size, bytes }) => push(integerOf(bytes(size(1)))), // LONG1
  0x8b: ({ push, size, bytes }) => push(integerOf(bytes(size(4)))), // LONG4
  0x47: ({ push, float }) => push(float()), // BINFLOAT
  0x58: ({ push, size, text }) => push(text(size(4))), // BINUNICODE
  0x8c: ({ push, size, text }) => push(text(size(1))),
  0x8d: ({ push, size, text }) => push(text(size(8))),
  0x54: ({ push, size, text }) => push(text(size(4))), // BINSTRING
  0x55: ({ push, size, text }) => push(text(size(1))),
  0x42: ({ push, size, bytes }) => push(bytes(size(4)).slice()), // BINBYTES
  0x43: ({ push, size, bytes }) => push(bytes(size(1)).slice()),
  0x29: ({ push }) => push([]), // EMPTY_TUPLE
  0x74: ({ push, toMark }) => push(toMark()), // TUPLE
  0x85: ({ push, take }) => push(take(1)),
  0x86: ({ push, take }) => push(take(2)),
  0x87: ({ push, take }) => push(take(3)),
  0x5d: ({ push }) => push([]), // EMPTY_LIST
  0x6c: ({ push, toMark }) => push(toMark()), // LIST
  0x61: ({ pop, top }) => {
    const item = pop();
    listOf(top()).push(item);
  },
  0x65: ({ toMark, top }) => {
    const items = toMark();
    const list = listOf(top());
    for (const item of items) list.push(item);
  },
  0x8f: ({ push }) => push([]), // EMPTY_SET
  0x90: ({ toMark, top }) => {
    const items = toMark();
    const list = listOf(top());
    for (const item of items) list.push(item);
  },
  0x91: ({ push, toMark }) => push(toMark()), // FROZENSET
  0x7d: ({ push }) => push(new Map()), // EMPTY_DICT
  0x64: ({ push, toMark }) => push(mapOf(toMark())), // DICT
  0x73: ({ take, top }) => {
    const entry = take(2);
    setItems(top(), entry);
  },
  0x75: ({ toMark, top }) => {
    const items = toMark();
    setItems(top(), items);
  },
  0x71: ({ keep, size }) => keep(size(1)), // BINPUT
  0x72: ({ keep, size }) => keep(size(4)),
  0x94: ({ keepNext }) => keepNext(), // MEMOIZE
  0x68: ({ kept, size }) => kept(size(1)), // BINGET
  0x6a: ({ kept, size }) => kept(size(4)),
  0x63: ({ push, line }) => push(named(line(), line())), // GLOBAL
  0x93: ({ push, take }) => {
    const [module, name] = take(2);
    push(named(module, name));
  },
  0x52: (parts) => parts.push(called(parts)), // REDUCE
  0x81: (parts) => parts.push(called(parts)), // NEWOBJ
  0x62: ({ pop, top, hooks }) => {
    const state = pop();
    hooks().setState(top(), state);
  },
  0x51: ({ push, pop, hooks }) => push(hooks().load(pop())), // BINPERSID
};
