import { hash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { cachedDataVersionTag } from 'node:v8'
import { Script } from 'node:vm'

// Remove with Node 20: enableCompileCache() of node:module (Node ≥ 22.1) does the same.

/** A built file, compiled. */
interface CompiledFile {
  run(exports: object, require: NodeJS.Require, module: NodeJS.Module, file: string, folder: string): void
  script: Script
  /** Whether V8 accepted the cache; undefined where there was none. */
  cached: boolean | undefined
}

/**
 * Compiles a built file with V8's code cache from the build. Without it a cold command would spend a sixth of its time on compiling
 * code, most of which it never runs. The name of the cache contains the digest of the code and V8's tag, which stands for its version
 * and flags. So changed code and another Node find no cache, and are compiled as usual.
 */
export function compileFile(file: string): CompiledFile {
  const code = readFileSync(file)
  const cachedData = readIfPresent(cacheFile(file, code))
  const wrapped = `(function(exports,require,module,__filename,__dirname){${code}\n})`
  const script = new Script(wrapped, { filename: file, ...(cachedData ? { cachedData } : {}) })
  const { cachedDataRejected: rejected } = script
  return {
    run: script.runInThisContext(),
    script,
    cached: rejected === undefined ? undefined : !rejected,
  }
}

/** Saves the code cache of a built file. The build calls it once for each set of V8's flags with which the program is started. */
export function saveCache(file: string): void {
  writeFileSync(cacheFile(file, readFileSync(file)), compileFile(file).script.createCachedData())
}

const cacheFile = (file: string, code: Buffer) =>
  `${file}.${hash('sha256', code).slice(0, 16)}.${cachedDataVersionTag()}`

function readIfPresent(file: string): Buffer | undefined {
  try {
    return readFileSync(file)
  } catch {
    return undefined
  }
}
