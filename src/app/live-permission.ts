import type { ConfigFile } from './config-file.ts'

/**
 * Makes what answers whether `execution.allowLive` of a home's cutter.yaml is true now. A file that can't be used allows nothing.
 */
export const livePermission = (file: ConfigFile) => (): Promise<boolean> =>
  file.read().then(
    ({ execution }) => execution.allowLive,
    () => false,
  )
