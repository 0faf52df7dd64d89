import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { assertWrittenByOwner } from '../../custom/load-module.ts'
import { compilerOptions } from './scaffold-machine.ts'
import { findTypesFolders } from './types-folders.ts'

/**
 * Checks the types of files with the `tsc` that the author has: in the nearest `node_modules` above the first file, by the nearest
 * `tsconfig.json`, else by the one that `machine new` writes.
 * @param files absolute
 * @returns one sentence for each fault, with file, line and column; null when the author has no tsc
 * @throws FILES_UNSAFE when others may write that tsc
 */
export function findTypeFaults(files: string[]): string[] | null {
  const folder = dirname(files[0]!)
  const tsc = findAbove(folder, join('node_modules', 'typescript', 'bin', 'tsc'))
  if (tsc === null) return null
  assertWrittenByOwner([realpathSync(tsc)])
  const own = findAbove(folder, 'tsconfig.json')
  const ours = findTypesFolders()
  // tsc would search for types above its own tsconfig.json, which is in a temporary folder.
  const typeRoots = [...foldersAbove(folder).map((one) => join(one, 'node_modules', '@types')), ours.types]
  const options =
    own === null
      ? { compilerOptions: { ...compilerOptions(ours), typeRoots } }
      : { extends: own, compilerOptions: { typeRoots } }
  const place = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-types-')))
  try {
    const config = { ...options, files, include: [] }
    writeFileSync(join(place, 'tsconfig.json'), JSON.stringify(config))
    const args = [tsc, '-p', place, '--noEmit', '--pretty', 'false']
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: place, encoding: 'utf8' })
    if (status === 0) return []
    const faults = stdout.split('\n').filter((line) => /\berror TS\d+: /.test(line))
    return faults.length > 0
      ? faults.map((line) => describeFault(place, line))
      : [`tsc ended with ${status}: ${`${stdout}${stderr}`.trim().slice(0, 300)}`]
  } finally {
    rmSync(place, { recursive: true })
  }
}

function describeFault(place: string, line: string): string {
  const [, file, row, column, code, message] = /^(.+)\((\d+),(\d+)\): error (TS\d+): (.*)$/.exec(line) ?? []
  return file === undefined ? line.trim() : `${resolve(place, file)}:${row}:${column}: ${message} (${code})`
}

/** The nearest path of this name in a folder or above it. */
function findAbove(from: string, name: string): string | null {
  return (
    foldersAbove(from)
      .map((folder) => join(folder, name))
      .find((path) => existsSync(path)) ?? null
  )
}

/** A folder and those above it, the nearest first. */
const foldersAbove = (folder: string): string[] =>
  folder === dirname(folder) ? [folder] : [folder, ...foldersAbove(dirname(folder))]
