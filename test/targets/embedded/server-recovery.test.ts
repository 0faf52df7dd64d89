import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { readEmbeddedStatus } from '../../../src/targets/embedded/open-embedded.ts'
import { processStart } from '../../../src/targets/system/process-start.ts'
import { whyNotAsNobody } from '../../support/ordinary-user.ts'
import { aHome, aUser, killUser, openServer, pidOf, query, releaseAll, until } from './embedded-homes.ts'

afterEach(releaseAll)

const isRoot = process.getuid?.() === 0
// The cluster of a checkout that is closed to others is not created in the home.
const closed = isRoot && whyNotAsNobody() !== null

/** Whether initdb has started to write. */
function isBeingCreated(folder: string): boolean {
  return folder.includes('new-') && existsSync(join(folder, 'data', 'global'))
}

function ownerOf(path: string): { uid?: number; gid?: number } {
  const { uid, gid } = statSync(path)
  return isRoot ? { uid, gid } : {}
}

describe('openEmbedded after a crash', () => {
  test.skipIf(closed)(
    'openEmbedded replaces a cluster whose creation was interrupted, and removes its files',
    async () => {
      const at = aHome()
      const user = await aUser(at)
      const folder = join(at.home, 'var', 'embedded')
      await until(
        () => existsSync(folder) && readdirSync(folder).some((name) => isBeingCreated(join(folder, name))),
      )
      await killUser(user)
      expect(await readEmbeddedStatus(at)).toMatchObject({ initialised: false })
      const server = await openServer(at)
      expect(await query(server, 'select 1 as one')).toEqual([{ one: 1 }])
      expect(readdirSync(folder).filter((name) => name.startsWith('new-'))).toEqual([])
    },
  )

  test('openEmbedded restarts a server killed with SIGKILL, with its committed data', async () => {
    const at = aHome()
    const server = await openServer(at)
    await query(server, 'create table kept as select 42 as answer')
    const pid = (await pidOf(at))!
    process.kill(pid, 'SIGKILL')
    await until(() => processStart(pid) === null)
    expect(existsSync(join(server.dataDirectory, 'postmaster.pid'))).toBe(true)
    expect(await readEmbeddedStatus(at)).toMatchObject({ running: false, pid: null })
    const again = await openServer(at)
    expect(await query(again, 'select answer from kept')).toEqual([{ answer: 42 }])
  })

  test('openEmbedded removes a postmaster.pid whose pid belongs to another process now', async () => {
    const at = aHome()
    const server = await openServer(at)
    const file = join(server.dataDirectory, 'postmaster.pid')
    const lines = readFileSync(file, 'utf8').split('\n')
    await server.release()
    // A process of the same user: the one for which PostgreSQL itself would refuse to start.
    const other = spawn('sleep', ['60'], ownerOf(server.dataDirectory))
    writeFileSync(file, [other.pid, ...lines.slice(1)].join('\n'), { mode: 0o600 })
    expect(await readEmbeddedStatus(at)).toMatchObject({ running: false })
    await openServer(at).finally(() => other.kill())
    expect(await pidOf(at)).not.toBe(other.pid)
  })
})
