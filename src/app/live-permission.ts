import { statSync } from 'node:fs'
import { join } from 'node:path'
import { MACHINE_NAMES } from '../builtin/registry.ts'
import { readConfig } from '../config/load-config.ts'

/**
 * Makes what answers whether `execution.allowLive` of a home's cutter.yaml is true now. The file is parsed again when it was written or
 * replaced since the last question. A file that can't be used allows nothing.
 */
export function livePermission(home: string): () => Promise<boolean> {
  const file = join(home, 'cutter.yaml')
  let known: { version: string; isAllowed: boolean } | null = null
  return async () => {
    const version = versionOf(file)
    if (known?.version === version) return known.isAllowed
    const isAllowed = await readConfig(home, MACHINE_NAMES).then(
      ({ execution }) => execution.allowLive,
      () => false,
    )
    known = { version, isAllowed }
    return isAllowed
  }
}

/** Differs after every change of a file: by its inode, its size and its times in nanoseconds. */
function versionOf(file: string): string {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false })
  return found === undefined ? 'none' : [found.ino, found.size, found.mtimeNs, found.ctimeNs].join(':')
}
