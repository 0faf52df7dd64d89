import { setTimeout as sleep } from 'node:timers/promises'
import { openRunStore } from '../../../src/store/sqlite/open-run-store.ts'
import { firstStep, mine, stepAfter } from '../step-fixture.ts'

// A process that closes its store while a thread of it saves steps, and has nothing else to wait for. It says when that is done.
const [file = '', migrationsDirectory = '', writerThread = ''] = process.argv.slice(2)

async function main(): Promise<void> {
  const store = openRunStore({ file, migrationsDirectory, writerThread })
  let runs = Array.from({ length: 32 }, () => firstStep())
  await store.saveAll(runs.map((step) => ({ step, lease: mine })))
  // The thread is asked for with the first batch, and has to open the file.
  await sleep(500)
  runs = runs.map(({ run }) => stepAfter(run))
  const saving = store.saveAll(runs.map((step) => ({ step, lease: mine })))
  await store.close()
  console.log('closed', (await saving).filter(({ status }) => status === 'fulfilled').length)
}

void main()
