import { join } from 'node:path'
import { MACHINE_NAMES } from '../builtin/registry.ts'
import { type Config, readConfig } from '../config/load-config.ts'
import { fileVersion } from '../tools/file-version.ts'

/** The cutter.yaml of a home, as it is now. */
export interface ConfigFile {
  /**
   * The config, parsed again when the file was written or replaced since the last call.
   * @throws CONFIG_INVALID
   */
  read(): Promise<Config>
}

/** Follows the cutter.yaml of a home. */
export function followConfig(home: string): ConfigFile {
  const file = join(home, 'cutter.yaml')
  let known: { version: string | null; config: Promise<Config> } | null = null
  return {
    read() {
      const version = fileVersion(file)
      if (known?.version !== version) known = { version, config: readConfig(home, MACHINE_NAMES) }
      return known.config
    },
  }
}
