import { join } from 'node:path'
import { compiled } from './code-cache.ts'

// What `cutter` starts: the command line itself lies in main.cjs beside it.
const file = join(__dirname, 'main.cjs')
compiled(file).run(exports, require, module, file, __dirname)
