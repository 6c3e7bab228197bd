import { openDevice } from '../adapter.ts';

/**
 * Why no adapter can be had here, or null where one can. With TIMESTEP_REQUIRE_WEBGPU=1, as CI sets it, a missing
 * adapter throws instead, so that its tests fail and are not skipped.
 *
 * @param announce say so in a line: one file of the package does
 */
export async function missingAdapter(announce = false): Promise<string | null> {
  try {
    const { device } = await openDevice({});
    device.destroy();
    await device.lost;
    return null;
  } catch (error) {
    if (process.env['TIMESTEP_REQUIRE_WEBGPU'] === '1') throw error;
    const reason = error instanceof Error ? error.message : String(error);
    if (announce) console.log(`skipping the tests of backend-webgpu in Node: ${reason}`);
    return reason;
  }
}
