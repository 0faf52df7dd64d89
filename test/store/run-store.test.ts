import { afterEach } from 'vitest'
import { grouped } from '../../src/store/grouped.ts'
import { openRunStore } from '../../src/store/run-store.ts'
import { describeRunStore } from './conformance.ts'
import { aStoreFile, removeFolders } from './folders.ts'

afterEach(removeFolders)

describeRunStore('SQLite', async () => openRunStore(aStoreFile()))
describeRunStore('SQLite, grouped', async () => grouped(openRunStore(aStoreFile()), () => 2))
