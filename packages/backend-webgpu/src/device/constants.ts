/** WebGPU's flag values. Node has no global `GPUBufferUsage`, so they are written out here once. */
export const usage = {
  mapRead: 0x0001,
  copySource: 0x0004,
  copyTarget: 0x0008,
  uniform: 0x0040,
  storage: 0x0080,
  queryResolve: 0x0200,
} as const;

export const computeStage = 0x4;
export const mapModeRead = 0x1;

/** The default limit of every adapter: more workgroups than this go into the second dimension. */
export const maxWorkgroupsPerDimension = 65_535;

/** The default alignment of a dynamic uniform offset, and so the size of one slot of parameters. */
export const uniformSlotBytes = 256;
