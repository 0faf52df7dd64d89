import { hash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { cachedDataVersionTag } from 'node:v8'
import { Script } from 'node:vm'

/**
 * A built file with what V8 made of it when it was built: a cold command would spend a sixth of its time on compiling, mostly what it
 * never runs. The cache is named by the code's digest and V8's tag, which stands for its version and flags. Changed code and another
 * Node find none and are compiled as ever.
 */
export interface Compiled {
  run(exports: object, require: NodeJS.Require, module: NodeJS.Module, file: string, folder: string): void
  script: Script
  /** Whether V8 took the cache; undefined where there was none. */
  cached: boolean | undefined
}

export function compiled(file: string): Compiled {
  const code = readFileSync(file)
  const cachedData = bytesOrUndefined(cacheFile(file, code))
  const wrapped = `(function(exports,require,module,__filename,__dirname){${code}\n})`
  const script = new Script(wrapped, { filename: file, ...(cachedData ? { cachedData } : {}) })
  const { cachedDataRejected: rejected } = script
  return {
    run: script.runInThisContext(),
    script,
    cached: rejected === undefined ? undefined : !rejected,
  }
}

/** Called by the build, once with each set of V8's flags under which the program is started. */
export function saveCache(file: string): void {
  writeFileSync(cacheFile(file, readFileSync(file)), compiled(file).script.createCachedData())
}

const cacheFile = (file: string, code: Buffer) =>
  `${file}.${hash('sha256', code).slice(0, 16)}.${cachedDataVersionTag()}`

function bytesOrUndefined(file: string): Buffer | undefined {
  try {
    return readFileSync(file)
  } catch {
    return undefined
  }
}
