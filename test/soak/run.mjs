// npm run test:soak -- --minutes N
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '30' } } })
const { status } = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', '--project', 'soak', '--reporter=default'],
  { stdio: 'inherit', env: { ...process.env, CUTTER_SOAK_MINUTES: values.minutes } },
)
process.exitCode = status ?? 1
