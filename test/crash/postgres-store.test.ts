import { afterAll, vi } from 'vitest'
import { type StoreServer, startStoreServer } from '../store/postgres/store-database.ts'
import { startCrashHarness } from './crash-harness.ts'
import { type KillPoint, testKillPoints } from './kill-points.ts'

// A live run whose store is a PostgreSQL server. Wherever its process is killed, the next command continues it, and each write happens once.

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

let server: StoreServer | undefined
afterAll(() => server?.close())

const points: KillPoint[] = [
  { where: 'cut_leg_a', point: 'before-commit', phase: 'cut_leg_a', ran: 'execute', place: 'target' },
  { where: 'cut_leg_a', point: 'commit-sent', phase: 'cut_leg_a', ran: 'probe', place: 'target' },
  { where: 'lifecycle_enact', point: 'saved', phase: 'closeout', ran: 'execute' },
]

testKillPoints('live', points, async () => {
  server = await startStoreServer(18)
  const { name } = await server.aDatabase()
  return startCrashHarness({
    config:
      'store: { url: { env: CUTTER_STORE_URL }, owner: { env: CUTTER_STORE_OWNER_URL }, commits: local }\n',
    env: {
      CUTTER_STORE_URL: server.url(name, 'store_service'),
      CUTTER_STORE_OWNER_URL: server.url(name, 'store_owner'),
    },
  })
})
