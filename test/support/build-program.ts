import { chmodSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'

/** A program of the tests, built into one file. */
export interface BuiltProgram {
  file: string
  remove(): void
}

/** Builds a program of the tests. node_modules is linked next to it, so that packages resolve as in the project. */
export async function buildProgram(entry: string): Promise<BuiltProgram> {
  const folder = mkdtempSync(join(tmpdir(), 'cutter-program-'))
  chmodSync(folder, 0o755)
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
  const file = join(folder, 'program.mjs')
  await build({
    entryPoints: [entry],
    outfile: file,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  })
  return { file, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
