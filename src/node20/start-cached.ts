import { join } from 'node:path'
import { startCutter } from '../client/start-cutter.ts'
import { compileFile } from './code-cache.ts'

// Remove with Node 20, together with code-cache.ts: then `cutter` starts main.cjs itself.

/** The program that `cutter` starts. The command line is main.cjs in the same folder. */
startCutter(() => {
  const file = join(__dirname, 'main.cjs')
  compileFile(file).run(exports, require, module, file, __dirname)
})
