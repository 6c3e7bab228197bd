import { DeviceError } from '@timestep/backend-api';

/** Options for the adapter and its device. */
export interface AdapterOptions {
  /** The device to compute on. The caller keeps it: `dispose()` does not destroy it. */
  readonly device?: GPUDevice;
  /** An entry point to use instead of `navigator.gpu` or the npm package `webgpu`. */
  readonly gpu?: GPU;
  /** A hint for machines with two adapters. */
  readonly powerPreference?: GPUPowerPreference;
  /** Throws if the adapter is software (SwiftShader, llvmpipe, WARP). */
  readonly requireHardware?: boolean;
  /** Node only: flags for Dawn instead of `defaultDawnFlags`, such as `enable-dawn-features=disable_robustness`. */
  readonly dawnFlags?: readonly string[];
}

/** Describes an adapter, from `GPUAdapterInfo`. */
export interface AdapterDescription {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** True if a processor emulates the GPU. */
  readonly software: boolean;
}

/** A device and its description. */
export interface OpenDevice {
  readonly device: GPUDevice;
  readonly description: AdapterDescription;
  /** Whether `dispose()` destroys it. */
  readonly owned: boolean;
}

/** Describes an adapter and tells whether it is software; browsers hide most of the fields. */
export function describeAdapter(info: GPUAdapterInfo): AdapterDescription {
  const { vendor, architecture, device, description } = info;
  const words = `${vendor} ${architecture} ${device} ${description}`;
  const software = info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|softpipe|basic render/i.test(words);
  return { vendor, architecture, device, description, software };
}

function inNode(): boolean {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  return typeof process?.versions?.node === 'string';
}

/**
 * With this extension, SwiftShader emits one store for each element of workgroup memory that it zeroes: a product of
 * 64×64 tiles takes 0.8 s to compile, and 0.05 s without it. Without the extension, Dawn zeroes in a loop of the
 * kernel.
 */
export const defaultDawnFlags: readonly string[] = [
  'disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension',
];

/**
 * Dawn's entry points by their flags, kept until the process ends: the process crashes if one is collected before its
 * adapters and devices.
 */
const entryPoints = new Map<string, GPU>();

/** Finds the entry point to WebGPU: the browser's, or Dawn's in Node. */
async function findGpu(dawnFlags: readonly string[]): Promise<GPU> {
  const { navigator } = globalThis as { navigator?: { gpu?: GPU } };
  if (navigator?.gpu !== undefined) return navigator.gpu;
  if (!inNode()) {
    throw new DeviceError(
      'NO_DEVICE',
      '[webgpu] this page has no navigator.gpu; use a browser with WebGPU on a secure origin (https or localhost), or backend-cpu',
    );
  }
  // The name is in a variable so that bundlers do not follow it: a browser bundle must not contain Dawn.
  const dawn = 'webgpu';
  let loaded: { create(flags: string[]): GPU };
  try {
    loaded = (await import(/* @vite-ignore */ /* webpackIgnore: true */ dawn)) as typeof loaded;
  } catch (cause) {
    throw new DeviceError(
      'NO_DEVICE',
      "[webgpu] Node needs the npm package 'webgpu' (Dawn), and it does not load; run `npm install webgpu`, or use backend-cpu",
      {
        cause,
      },
    );
  }
  const key = dawnFlags.join('\n');
  const known = entryPoints.get(key);
  if (known !== undefined) return known;
  const gpu = loaded.create([...dawnFlags]);
  entryPoints.set(key, gpu);
  return gpu;
}

/** Requests the adapter's largest buffers. The default limits suffice for everything else. */
function limitsOf(adapter: GPUAdapter): Record<string, number> {
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  return { maxBufferSize, maxStorageBufferBindingSize };
}

/** Finds an adapter and opens a device on it, or describes the one that was handed in. */
export async function openDevice(options: AdapterOptions): Promise<OpenDevice> {
  if (options.device !== undefined) {
    const description = describeAdapter(options.device.adapterInfo);
    refuseSoftware(description, options);
    return { device: options.device, description, owned: false };
  }
  const gpu = options.gpu ?? (await findGpu(options.dawnFlags ?? defaultDawnFlags));
  const adapter = await gpu.requestAdapter(
    options.powerPreference === undefined ? {} : { powerPreference: options.powerPreference },
  );
  if (adapter === null) {
    throw new DeviceError('NO_DEVICE', `[webgpu] found no adapter; ${howToGetAdapter()}, or use backend-cpu`);
  }
  const description = describeAdapter(adapter.info);
  refuseSoftware(description, options);
  const requiredFeatures: GPUFeatureName[] = adapter.features.has('timestamp-query') ? ['timestamp-query'] : [];
  const device = await adapter.requestDevice({
    label: 'timestep',
    requiredFeatures,
    requiredLimits: limitsOf(adapter),
  });
  return { device, description, owned: true };
}

/** How this platform gets an adapter: a page can install nothing. */
function howToGetAdapter(): string {
  if (!inNode())
    return "turn on hardware acceleration in the browser's settings and update the GPU's driver (the page chrome://gpu tells what is missing)";
  const { process } = globalThis as { process?: { platform?: string } };
  if (process?.platform !== 'linux') return "install the driver of this machine's GPU";
  return (
    'install a Vulkan driver and loader (on Debian `apt-get install libvulkan1 mesa-vulkan-drivers`; without a GPU ' +
    '`apt-get install libvulkan1 chromium` and set VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json)'
  );
}

function refuseSoftware(description: AdapterDescription, { requireHardware = false }: AdapterOptions): void {
  if (!requireHardware || !description.software) return;
  throw new DeviceError(
    'NO_DEVICE',
    `[webgpu] requireHardware is set, but the adapter is software (${describeInWords(description)}); install the driver of your GPU, or drop the option`,
  );
}

/** One line for people. */
export function describeInWords({ vendor, architecture, device, description, software }: AdapterDescription): string {
  const words =
    description === '' ? [vendor, architecture, device].filter((each) => each !== '').join(' ') : description;
  return `${words === '' ? 'unnamed adapter' : words}${software ? ' (software)' : ''}`;
}
