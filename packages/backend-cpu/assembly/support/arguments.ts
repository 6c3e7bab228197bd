// A threaded kernel is exported as `name(args: usize, part: i32, parts: i32): void`. `args` points to 32-bit slots that
// `engine.run(name, parts, integers, floats)` has filled: the integers (and pointers) first, then the floats.

/** Slot `slot` as an integer. */
// @ts-ignore: decorator
@inline
export function integer(args: usize, slot: i32): i32 {
  return load<i32>(args + ((<usize>slot) << 2));
}

/** Slot `slot` as a pointer. */
// @ts-ignore: decorator
@inline
export function pointer(args: usize, slot: i32): usize {
  return <usize>load<u32>(args + ((<usize>slot) << 2));
}

/** Slot `slot` as a float; the floats follow the integers. */
// @ts-ignore: decorator
@inline
export function float(args: usize, slot: i32): f32 {
  return load<f32>(args + ((<usize>slot) << 2));
}

/** Notes that an index of this job is out of range. The engine asks after the job, and looks for it: `takeFault`. */
// @ts-ignore: decorator
@inline
export function markFault(args: usize): void {
  store<i32>(args - 4, 1);
}
