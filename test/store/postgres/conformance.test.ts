import { afterAll, beforeAll, describe } from 'vitest'
import { withGroupCommit } from '../../../src/store/group-commit.ts'
import { openRunStore } from '../../../src/store/postgres/open-run-store.ts'
import { serverOf } from '../../support/pg-cluster.ts'
import { describeRunStore } from '../conformance/describe-run-store.ts'
import { type StoreDatabase, type StoreServer, startStoreServer } from './store-database.ts'

for (const major of [15, 18] as const) {
  const isMissing = serverOf(major) === null
  if (isMissing) console.info(`skipped: PostgreSQL ${major}: npm has no server of it for this platform`)

  describe.skipIf(isMissing)(`PostgreSQL ${major}`, () => {
    let server: StoreServer
    let database: StoreDatabase
    beforeAll(async () => {
      server = await startStoreServer(major)
      database = await server.aDatabase()
    })
    afterAll(() => server?.close())

    const open = async () => {
      await database.empty()
      return openRunStore(database.options)
    }
    describeRunStore(`PostgreSQL ${major}`, open)
    // Both ways save by the same statements, so one server shows the second way.
    if (major === 18)
      describeRunStore(`PostgreSQL ${major}, grouped`, async () => withGroupCommit(await open(), () => 2))
  })
}
