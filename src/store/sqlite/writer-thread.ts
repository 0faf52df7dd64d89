import { parentPort, workerData } from 'node:worker_threads'
import { createStepExecutor } from './execute-statements.ts'
import { type OpenOptions, openDatabase } from './open-database.ts'
import type { PackedSteps } from './pack-steps.ts'
import { prepareStatements } from './statements.ts'

/** The other end of writer.ts: a thread with a connection of its own that saves the steps it is sent, and says what came of each. */

const port = parentPort!
const db = openDatabase(workerData as OpenOptions)
const perform = createStepExecutor(db, prepareStatements(db))

port.on('message', (rows: PackedSteps | null) => {
  if (rows !== null) return port.postMessage(perform(rows))
  db.close()
  port.close()
})
port.postMessage('ready')
