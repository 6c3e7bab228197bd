/** Element types of storage bindings and parameters. f32 buffers may be bound as u32 to see their bits. */
export type StorageType = 'f32' | 'u32' | 'i32' | 'vec4<f32>' | 'atomic<u32>';
export type ParameterType = 'u32' | 'i32' | 'f32';

/** How a kernel sees one buffer. */
export interface Binding {
  readonly name: string;
  readonly type: StorageType;
  readonly access: 'read' | 'read_write';
}

/**
 * A kernel before it is compiled. Its body runs once for each invocation and finds `block` (the flat index of its
 * workgroup), `lane` (its index in the workgroup), `thread` (`block · workgroupSize + lane`), `params.<name>` and its
 * bindings as arrays.
 */
export interface KernelSource<Parameter extends string> {
  /** Shown in profiles and errors. */
  readonly name: string;
  readonly bindings: readonly Binding[];
  readonly parameters: Readonly<Record<Parameter, ParameterType>>;
  readonly workgroupSize: number;
  /** Functions, constants and workgroup variables. */
  readonly declarations?: string;
  readonly body: string;
}

/** Short forms for the lists of bindings. */
export function reads(name: string, type: StorageType): Binding {
  return { name, type, access: 'read' };
}

export function writes(name: string, type: StorageType): Binding {
  return { name, type, access: 'read_write' };
}

/** The WGSL module of a kernel. */
export function moduleText(source: KernelSource<string>): string {
  const parameters = Object.entries(source.parameters).map(([name, type]) => `${name}: ${type}`);
  // A struct may not be empty, and every kernel has the uniform binding.
  if (parameters.length === 0) parameters.push('unused: u32');
  const storage = source.bindings.map(
    ({ name, type, access }, index) =>
      `@group(0) @binding(${index + 1}) var<storage, ${access}> ${name}: array<${type}>;`,
  );
  return `
struct Params { ${parameters.join(', ')} }
@group(0) @binding(0) var<uniform> params: Params;
${storage.join('\n')}
${source.declarations ?? ''}
@compute @workgroup_size(${source.workgroupSize})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let block = group.x + group.y * groups.x;
  let thread = block * ${source.workgroupSize}u + lane;
${source.body}
}
`;
}
