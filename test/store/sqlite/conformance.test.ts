import { afterEach } from 'vitest'
import { withGroupCommit } from '../../../src/store/group-commit.ts'
import { openRunStore } from '../../../src/store/sqlite/open-run-store.ts'
import { describeRunStore } from '../conformance/describe-run-store.ts'
import { aStoreFile, removeFolders } from '../store-folders.ts'

afterEach(removeFolders)

describeRunStore('SQLite', async () => openRunStore(aStoreFile()))
describeRunStore('SQLite, grouped', async () => withGroupCommit(openRunStore(aStoreFile()), () => 2))
