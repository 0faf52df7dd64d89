import { accessSync, constants, statSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The folders in which Cutter finds programs, in this order. PATH is not one of its sources, because an operator, npx or a package
 * script can put a program of the same name first.
 */
export const TRUSTED_FOLDERS = [
  '/usr/bin',
  '/bin',
  '/usr/sbin',
  '/sbin',
  '/usr/local/bin',
  '/opt/homebrew/bin',
  '/opt/local/bin',
  '/run/current-system/sw/bin',
  '/nix/var/nix/profiles/default/bin',
]

/** The PATH of every program that Cutter runs. */
export const TRUSTED_PATH = TRUSTED_FOLDERS.join(':')

/** Finds a program, such as `ps`, in the trusted folders. Returns its absolute path, or null when none of them has it. */
export function findTrustedProgram(program: string): string | null {
  return TRUSTED_FOLDERS.map((folder) => join(folder, program)).find(isExecutable) ?? null
}

/** Tells whether a path names a file that this process may execute. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
