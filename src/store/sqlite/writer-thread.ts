import { parentPort, workerData } from 'node:worker_threads'
import { type Batch, createExecutor } from './execute-statements.ts'
import { type OpenOptions, openDatabase } from './open-database.ts'
import { prepareStatements } from './statements.ts'

/** The thread behind writer-client.ts: it has its own connection, saves the batches that it receives, and answers their outcomes. */

const port = parentPort!
const db = openDatabase(workerData as OpenOptions)
// With many runs at work the journal fills fast, and each move of its pages to the file waits for the disk twice. 16 MB.
db.pragma('wal_autocheckpoint = 4000')
const execute = createExecutor(db, prepareStatements(db))

port.on('message', (batch: Batch | null) => {
  if (batch !== null) return port.postMessage(execute(batch))
  db.close()
  port.close()
})
port.postMessage('ready')
