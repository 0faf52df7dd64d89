import { parentPort, workerData } from 'node:worker_threads'
import { type Batch, createExecutor } from './execute-statements.ts'
import { type OpenOptions, openDatabase } from './open-database.ts'
import { prepareStatements } from './statements.ts'

/** The thread behind writer-client.ts: it has its own connection, saves the batches that it receives, and answers their outcomes. */

const port = parentPort!
const db = openDatabase(workerData as OpenOptions)
const execute = createExecutor(db, prepareStatements(db))

port.on('message', (batch: Batch | null) => {
  if (batch !== null) return port.postMessage(execute(batch))
  db.close()
  port.close()
})
port.postMessage('ready')
