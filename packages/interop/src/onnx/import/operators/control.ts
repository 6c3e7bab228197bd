import { unstack } from '@timestep/core';
import { operator, type Call, type Operators } from '../operator.ts';
import { HostValue, isHost, show, type Value } from '../value.ts';
import { cutAlong, joinedAlong, reshaped, transposed } from './arrange.ts';

/** The maximum number of iterations, more than any loop over a sequence needs. A damaged file may ask for more. */
const maxTurns = 100_000;

/** Splits a value along an axis and removes the axis. */
function rowsOf(call: Call, value: Value, axis: number): Value[] {
  if (!isHost(value)) return unstack(value.tensor, axis).map((part) => call.device(value.type, part));
  const shape = value.shape.toSpliced(axis, 1);
  return Array.from({ length: value.shape[axis]! }, (_, n) =>
    reshaped(call, cutAlong(call, value, axis, n, n + 1), shape),
  );
}

/** Stacks values along a new first axis. */
function stacked(call: Call, rows: readonly Value[]): Value {
  const first = rows[0];
  if (!first) call.fail('INVALID_TENSOR', 'has no iterations, so the shape of its collected outputs is unknown');
  return joinedAlong(
    call,
    rows.map((row) => reshaped(call, row, [1, ...row.shape])),
    0,
  );
}

function flag(call: Call, value: Value, what: string): boolean {
  const host = call.host(value, what);
  call.ensure(host.data.length === 1, () => `has a ${what} of shape ${show(host.shape)}, expected one boolean`);
  return host.data[0] !== 0;
}

function loop(call: Call): Value[] {
  const body = call.subgraph('body');
  const most = call.optional(0) ? call.number(0, 'number of turns')! : Infinity;
  let going = call.optional(1) ? flag(call, call.value(1), 'condition') : true;
  let state = call.inputs.slice(2).map((_, k) => call.value(k + 2));
  const collected: Value[][] = Array.from({ length: Math.max(0, call.outputCount - state.length) }, () => []);
  for (let turn = 0; turn < most && going; turn++) {
    if (turn >= maxTurns)
      call.fail('READ_LIMIT', `runs for more than ${maxTurns} iterations; the file is damaged, or its loop never ends`);
    const made = body([HostValue.of('i64', [], [turn]), HostValue.of('bool', [], [1]), ...state]);
    call.ensure(
      made.length === 1 + state.length + collected.length,
      () => `has a body of ${made.length} outputs, expected ${1 + state.length + collected.length}`,
    );
    going = flag(call, made[0]!, 'condition');
    state = made.slice(1, 1 + state.length);
    for (const [k, list] of collected.entries()) list.push(made[1 + state.length + k]!);
  }
  return [...state, ...collected.map((rows) => stacked(call, rows))];
}

function scan(call: Call): Value[] {
  const { node } = call;
  const count = node.int('num_scan_inputs', 0);
  const states = call.inputs.length - count;
  call.ensure(count >= 1 && states >= 0, () => `has num_scan_inputs ${count} for ${call.inputs.length} inputs`);
  const outputs = call.outputCount - states;
  const list = (name: string, length: number) => {
    const values = node.ints(name, new Array<number>(Math.max(0, length)).fill(0));
    call.ensure(
      values.length === length,
      () => `has the attribute ${name} ${show(values)}, expected ${length} numbers`,
    );
    return values;
  };
  const [inputAxes, inputDirections] = [list('scan_input_axes', count), list('scan_input_directions', count)];
  const [outputAxes, outputDirections] = [list('scan_output_axes', outputs), list('scan_output_directions', outputs)];
  const sequences = Array.from({ length: count }, (_, k) => {
    const value = call.value(states + k);
    const rows = rowsOf(call, value, call.axis(inputAxes[k]!, value.shape.length));
    return inputDirections[k] === 1 ? rows.reverse() : rows;
  });
  const steps = sequences[0]!.length;
  call.ensure(
    sequences.every(({ length }) => length === steps),
    () => `reads sequences of ${sequences.map(({ length }) => length).join(' and ')} steps`,
  );
  const body = call.subgraph('body');
  let state = Array.from({ length: states }, (_, k) => call.value(k));
  const collected: Value[][] = Array.from({ length: outputs }, () => []);
  for (let t = 0; t < steps; t++) {
    const made = body([...state, ...sequences.map((rows) => rows[t]!)]);
    call.ensure(
      made.length === states + outputs,
      () => `has a body of ${made.length} outputs, expected ${states + outputs}`,
    );
    state = made.slice(0, states);
    for (const [k, rows] of collected.entries()) rows.push(made[states + k]!);
  }
  const results = collected.map((rows, k) => {
    const value = stacked(call, outputDirections[k] === 1 ? rows.reverse() : rows);
    const axis = call.axis(outputAxes[k]!, value.shape.length);
    if (axis === 0) return value;
    const order = value.shape.map((_, n) => n).slice(1);
    return transposed(call, value, order.toSpliced(axis, 0, 0));
  });
  return [...state, ...results];
}

/** Operators that run graphs. */
export const controlOperators: Operators = {
  If: operator(
    (call: Call) => {
      const branch = flag(call, call.value(0), 'condition') ? 'then_branch' : 'else_branch';
      return call.subgraph(branch)([]);
    },
    { outputs: Infinity, attributes: ['then_branch', 'else_branch'], graphs: ['then_branch', 'else_branch'] },
  ),
  Loop: operator(loop, { inputs: [2, Infinity], outputs: Infinity, attributes: ['body'], graphs: ['body'] }),
  Scan: operator(scan, {
    inputs: [1, Infinity],
    outputs: Infinity,
    attributes: [
      'body',
      'num_scan_inputs',
      'scan_input_axes',
      'scan_input_directions',
      'scan_output_axes',
      'scan_output_directions',
    ],
    graphs: ['body'],
    since: 9,
  }),
};
