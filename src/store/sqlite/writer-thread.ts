import { parentPort, workerData } from 'node:worker_threads'
import { createStepExecutor } from './execute-statements.ts'
import { type OpenOptions, openDatabase } from './open-database.ts'
import type { PackedSteps } from './pack-steps.ts'
import { prepareStatements } from './statements.ts'

/** The thread behind writer-client.ts: it has its own connection, saves the steps that it receives, and answers their outcomes. */

const port = parentPort!
const db = openDatabase(workerData as OpenOptions)
const execute = createStepExecutor(db, prepareStatements(db))

port.on('message', (steps: PackedSteps | null) => {
  if (steps !== null) return port.postMessage(execute(steps))
  db.close()
  port.close()
})
port.postMessage('ready')
