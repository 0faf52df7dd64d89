import { afterEach } from 'vitest'
import { openRunStore } from '../../src/store/sqlite/open-run-store.ts'
import { describeRunStore } from '../store/conformance/describe-run-store.ts'
import { aStoreFile, removeFolders } from '../store/store-folders.ts'
import { repeated } from './choices.ts'
import { Scheduler } from './scheduler.ts'
import { storeOf } from './simulated-store.ts'

afterEach(removeFolders)

/** Between schedules nothing waits, so that the suite of all stores can ask it. */
describeRunStore('the store of the simulation', async () => {
  const choices = repeated([])
  const plain = openRunStore(aStoreFile())
  return storeOf(plain, {
    scheduler: new Scheduler(choices, () => false),
    choices,
    observer: { beforeStep: async () => {}, changed: async () => {} },
    isHealthy: () => false,
  })
})
