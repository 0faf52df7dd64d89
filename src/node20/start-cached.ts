import { startCutter } from '../client/start-cutter.ts'
import { runFiles } from './code-cache.ts'

// Remove with Node 20, together with code-cache.ts: then `cutter` starts main.cjs itself.

/** The program that `cutter` starts. The command line is main.cjs in the same folder. */
startCutter(() => runFiles(__dirname, require, () => {}))
