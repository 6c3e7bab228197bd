import { DeviceError } from '@timestep/backend-api';
import type { Block } from './buffer.ts';
import { computeStage, uniformSlotBytes } from './constants.ts';
import type { Failures } from './failures.ts';
import { moduleText, type KernelSource } from './kernel.ts';
import type { UniformRing } from './uniforms.ts';

/** All bind groups are dropped when there are this many. A steady training loop needs a few hundred. */
const maxBindGroups = 16_384;

/** A compiled kernel with the bind groups made for it. */
export interface Kernel<Parameter extends string> {
  readonly source: KernelSource<Parameter>;
  readonly parameterNames: readonly Parameter[];
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  readonly groups: Map<string, GPUBindGroup>;
}

/** Compiles each kernel once and makes each bind group once. */
export class PipelineCache {
  pipelines = 0;
  bindGroups = 0;
  readonly #device: GPUDevice;
  readonly #failures: Failures;
  readonly #uniforms: UniformRing;
  readonly #kernels = new Map<string, Kernel<string>>();
  #cachedGroups = 0;

  constructor(device: GPUDevice, failures: Failures, uniforms: UniformRing) {
    this.#device = device;
    this.#failures = failures;
    this.#uniforms = uniforms;
  }

  /** The kernel of this key; `build` is called the first time only and must depend on nothing but the key. */
  kernel<Parameter extends string>(key: string, build: () => KernelSource<Parameter>): Kernel<Parameter> {
    const cached = this.#kernels.get(key);
    if (cached !== undefined) return cached as Kernel<Parameter>;
    const kernel = this.#compile(build());
    this.#kernels.set(key, kernel);
    return kernel;
  }

  #compile<Parameter extends string>(source: KernelSource<Parameter>): Kernel<Parameter> {
    let module: GPUShaderModule;
    const explain = async (error: GPUError): Promise<DeviceError> => {
      const { messages } = await module.getCompilationInfo();
      const lines = messages.map((each) => `line ${each.lineNum}: ${each.message}`);
      return new DeviceError(
        'KERNEL_FAILED',
        `[webgpu] kernel '${source.name}' does not compile on this adapter: ${[error.message, ...lines].join('\n')}`,
      );
    };
    return this.#failures.guard(
      ['internal', 'validation'],
      () => {
        module = this.#device.createShaderModule({ label: source.name, code: moduleText(source) });
        const layout = this.#device.createBindGroupLayout({
          label: source.name,
          entries: [
            {
              binding: 0,
              visibility: computeStage,
              buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: uniformSlotBytes },
            },
            ...source.bindings.map(({ access }, index) => ({
              binding: index + 1,
              visibility: computeStage,
              buffer: { type: access === 'read' ? ('read-only-storage' as const) : ('storage' as const) },
            })),
          ],
        });
        const pipeline = this.#device.createComputePipeline({
          label: source.name,
          layout: this.#device.createPipelineLayout({ bindGroupLayouts: [layout] }),
          compute: { module, entryPoint: 'main' },
        });
        this.pipelines++;
        return {
          source,
          parameterNames: Object.keys(source.parameters) as Parameter[],
          pipeline,
          layout,
          groups: new Map(),
        };
      },
      explain,
    );
  }

  bindGroup(kernel: Kernel<string>, blocks: readonly Block[], chunk: number): GPUBindGroup {
    let key = String(chunk);
    for (const block of blocks) key += `,${block.id}`;
    const cached = kernel.groups.get(key);
    if (cached !== undefined) return cached;
    if (this.#cachedGroups >= maxBindGroups) this.#dropGroups();
    const group = this.#failures.guard(
      ['validation'],
      () =>
        this.#device.createBindGroup({
          label: kernel.source.name,
          layout: kernel.layout,
          entries: [
            { binding: 0, resource: { buffer: this.#uniforms.buffer(chunk), size: uniformSlotBytes } },
            ...blocks.map((block, index) => ({ binding: index + 1, resource: { buffer: block.gpu } })),
          ],
        }),
      (error) =>
        new DeviceError(
          'KERNEL_FAILED',
          `[webgpu] kernel '${kernel.source.name}' cannot take its buffers: ${error.message}`,
        ),
    );
    kernel.groups.set(key, group);
    this.#cachedGroups++;
    this.bindGroups++;
    return group;
  }

  #dropGroups(): void {
    for (const kernel of this.#kernels.values()) kernel.groups.clear();
    this.#cachedGroups = 0;
  }
}
