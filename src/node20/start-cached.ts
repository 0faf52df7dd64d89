import { join } from 'node:path'
import { compiled } from './code-cache.ts'

// The program that `cutter` starts. The command line itself is main.cjs in the same folder.
// Remove with Node 20: node:module's enableCompileCache() (Node ≥ 22.1) does the same.
const file = join(__dirname, 'main.cjs')
compiled(file).run(exports, require, module, file, __dirname)
