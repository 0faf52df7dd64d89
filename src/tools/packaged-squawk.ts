import { createRequire } from 'node:module'
import { isExecutable } from './trusted-folders.ts'

/**
 * Finds the program of the npm package squawk-cli, an optional dependency of Cutter. It is resolved from Cutter's own files, never from the
 * caller's folder. Null where npm has not installed it, or has none for this platform.
 */
export function findPackagedSquawk(): string | null {
  const suffix = process.platform === 'win32' ? '.exe' : ''
  try {
    // The program of each platform is a package of its own, on which squawk-cli depends.
    const { resolve } = createRequire(createRequire(import.meta.url).resolve('squawk-cli/package.json'))
    const file = resolve(`@squawk-cli/${process.platform}-${process.arch}/bin/squawk${suffix}`)
    return isExecutable(file) ? file : null
  } catch {
    return null
  }
}
