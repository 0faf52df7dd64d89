// cspell:ignore lpthread
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Compiles a library that LD_PRELOAD puts before the C library of a program. Answers its path, or why there is none. */
export function buildPreloadLibrary(
  folder: string,
  name: string,
  source: string,
): { file: string } | { why: string } {
  if (process.platform !== 'linux') return { why: 'LD_PRELOAD is of Linux' }
  const file = join(folder, `${name}.so`)
  writeFileSync(join(folder, `${name}.c`), source)
  try {
    execFileSync('cc', [
      '-shared',
      '-fPIC',
      '-O1',
      '-o',
      file,
      join(folder, `${name}.c`),
      '-ldl',
      '-lpthread',
    ])
    return { file }
  } catch (error) {
    return { why: `no C compiler: ${(error as Error).message.split('\n')[0]}` }
  }
}
