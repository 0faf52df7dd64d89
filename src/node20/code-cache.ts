import { isAscii } from 'node:buffer'
import { hash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
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
  // Nearly all built files are ASCII, of which nothing needs to be decoded.
  const wrapped = `(function(exports,require,module,__filename,__dirname){${isAscii(code) ? code.toString('latin1') : code}\n})`
  const script = new Script(wrapped, { filename: file, ...(cachedData ? { cachedData } : {}) })
  const { cachedDataRejected: rejected } = script
  return {
    run: script.runInThisContext(),
    script,
    cached: rejected === undefined ? undefined : !rejected,
  }
}

/**
 * Runs the command line, which is main.cjs of a folder, and each file next to it that it asks for, with their caches.
 * @param requireThere finds packages from that folder
 * @param keep gets each file that was run
 */
export function runFiles(
  folder: string,
  requireThere: NodeJS.Require,
  keep: (file: string, script: Script) => void,
): void {
  const modules = new Map<string, NodeJS.Module>()
  const load = (one: string): object => {
    const known = modules.get(one)
    if (known !== undefined) return known.exports
    const file = join(folder, one)
    if (!one.startsWith('./') || !existsSync(file)) return requireThere(one)
    const module = { exports: {} } as NodeJS.Module
    modules.set(one, module)
    const { run, script } = compileFile(file)
    run(module.exports, load as NodeJS.Require, module, file, folder)
    keep(file, script)
    return module.exports
  }
  load('./main.cjs')
}

/**
 * Saves the code cache of a built file, with all functions that have run until now.
 */
export function saveCache(file: string, script: Script): void {
  writeFileSync(cacheFile(file, readFileSync(file)), script.createCachedData())
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
