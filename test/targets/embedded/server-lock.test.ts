import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { isLocked } from '../../../src/locks/exclusive-lock.ts'
import { locateServer } from '../../../src/targets/embedded/server-location.ts'
import { processStart } from '../../../src/targets/system/process-start.ts'
import {
  ANOTHER_CONTAINER,
  WITHOUT_FLOCK,
  whyNoContainer,
  whyNoHiddenProgram,
} from '../../support/namespaces.ts'
import { aHome, aUser, killUser, openServer, pidOf, query, releaseAll } from './embedded-homes.ts'

afterEach(releaseAll)

const named = (why: string | null) => (why === null ? '' : ` (skipped: ${why})`)

describe('the embedded server of a home that two containers share', () => {
  const why = whyNoContainer()
  test.skipIf(why !== null)(
    `openEmbedded starts no second server, and waits for the first${named(why)}`,
    async () => {
      const at = aHome()
      await (await openServer(at)).release()
      const there = await aUser(at, { within: ANOTHER_CONTAINER })
      expect(await there.answer()).toMatchObject({ port: expect.any(Number) })
      const opening = openServer(at)
      expect(await Promise.race([opening, sleep(1_000, 'waiting')])).toBe('waiting')
      await there.say('release')
      expect(await query(await opening, 'select 1 as one')).toEqual([{ one: 1 }])
    },
  )

  test.skipIf(why !== null)(
    `openEmbedded starts the server when the other container was killed${named(why)}`,
    async () => {
      const at = aHome()
      const server = await openServer(at)
      await query(server, 'create table kept as select 42 as answer')
      await server.release()
      const there = await aUser(at, { within: ANOTHER_CONTAINER })
      await there.answer()
      await killUser(there)
      expect(await query(await openServer(at), 'select answer from kept')).toEqual([{ answer: 42 }])
    },
  )
})

test('openEmbedded starts the server although its last postmaster is a zombie that nobody reaps', async () => {
  const at = aHome()
  const server = await openServer(at)
  const file = join(server.dataDirectory, 'postmaster.pid')
  const lines = readFileSync(file, 'utf8').split('\n')
  await server.release()
  const { uid, gid } = statSync(server.dataDirectory)
  const ids = process.getuid?.() === 0 ? { uid, gid } : {}
  const parent = spawn('sh', ['-c', 'sh -c "echo \\$\\$"& exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    ...ids,
  })
  try {
    const zombie = Number(String((await once(parent.stdout, 'data'))[0]))
    await expect.poll(() => processStart(zombie), { timeout: 30_000 }).toBeNull()
    writeFileSync(file, [zombie, ...lines.slice(1)].join('\n'), { mode: 0o600 })
    expect(await query(await openServer(at), 'select 1 as one')).toEqual([{ one: 1 }])
  } finally {
    parent.kill()
  }
})

describe('the embedded server where flock is missing', () => {
  const why = whyNoHiddenProgram()
  test.skipIf(why !== null)(`a keeper holds the lock as long as the server runs${named(why)}`, async () => {
    const at = aHome()
    const user = await aUser(at, { within: WITHOUT_FLOCK })
    const { pid } = await user.answer()
    const keeper = join(locateServer(at).folder, 'server.keeper')
    expect(isLocked(keeper)).toBe(true)
    await killUser(user)
    expect(await pidOf(at)).toBe(pid)
    expect(isLocked(keeper)).toBe(true)
    const server = await openServer(at)
    expect(await pidOf(at)).toBe(pid)
    await server.release()
    await expect.poll(() => isLocked(keeper), { timeout: 30_000 }).toBe(false)
  })
})
