/**
 * The first item of part `part` when `total` items are cut into `parts` runs whose borders are multiples of `grain`;
 * the part ends where the next begins: `partStart(total, part + 1, parts, grain)`.
 */
export function partStart(total: i32, part: i32, parts: i32, grain: i32): i32 {
  const grains = (<i64>total + grain - 1) / grain;
  return <i32>min<i64>(((grains * part) / parts) * grain, total);
}
