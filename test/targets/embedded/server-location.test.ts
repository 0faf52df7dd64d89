import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { systemUser } from '../../../src/targets/embedded/server-location.ts'
import { NOBODY, whyNotAsNobody } from '../../support/ordinary-user.ts'
import { aHome, aUser, openServer, pidOf, query, releaseAll } from './embedded-homes.ts'

afterEach(releaseAll)

const isRoot = process.getuid?.() === 0
// Root's server runs in the home only when its user can reach the programs.
const why = whyNotAsNobody()

describe('openEmbedded for different users', () => {
  test.each([
    ['no other variable', {}],
    ['a locale that does not exist', { LANG: 'xx_YY.UTF-8', LC_ALL: 'xx_YY.UTF-8' }],
    [
      'PG variables of another server',
      { PGDATA: '/nowhere', PGPORT: '1', PGHOST: '/nowhere', PGOPTIONS: '-c timezone=Asia/Tokyo' },
    ],
  ])('openEmbedded works with an environment that has %s', async (_, environment) => {
    const at = aHome()
    const user = await aUser(at, { environment: { PATH: process.env.PATH, ...environment } })
    expect(await user.answer()).toMatchObject({ pid: expect.any(Number) })
    await user.say('release')
  })

  test.skipIf(why !== null)(
    'openEmbedded runs root’s server as a user without privileges, in the home (needs root)',
    async () => {
      const at = aHome()
      const server = await openServer(at)
      expect(server.dataDirectory).toBe(join(at.home, 'var', 'embedded', 'cluster', 'data'))
      expect(statSync(`/proc/${await pidOf(at)}`).uid).not.toBe(0)
      expect(statSync(server.dataDirectory).mode & 0o777).toBe(0o700)
    },
  )

  test.skipIf(!isRoot)(
    'openEmbedded puts data and binaries into the state directory for a home of mode 700 (needs root)',
    async () => {
      const at = aHome(0o700)
      const server = await openServer(at)
      expect(server.dataDirectory).toMatch(/\/state\/[0-9a-f]{16}\/cluster\/data$/)
      const folder = join(server.dataDirectory, '..', '..')
      expect(readdirSync(folder).filter((name) => name.startsWith('binaries-'))).toHaveLength(1)
      expect(readFileSync(`/proc/${await pidOf(at)}/cmdline`, 'utf8')).toContain(join(folder, 'binaries-'))
      expect(await query(server, 'select 1 as one')).toEqual([{ one: 1 }])
      await server.release()
      const again = await openServer(at)
      expect(again.dataDirectory).toBe(server.dataDirectory)
    },
  )

  test.skipIf(why !== null)(
    'openEmbedded runs an ordinary user’s server as that user, and root may use it (needs root)',
    async () => {
      const at = aHome(0o777)
      const user = await aUser(at, NOBODY)
      const { pid, dataDirectory } = await user.answer()
      expect(statSync(`/proc/${pid}`).uid).toBe(NOBODY.uid)
      expect(statSync(dataDirectory as string).uid).toBe(NOBODY.uid)
      await user.say('release')
      await openServer(at)
      expect(statSync(`/proc/${await pidOf(at)}`).uid).toBe(NOBODY.uid)
    },
  )

  test.skipIf(!isRoot)(
    'openEmbedded runs root’s server as the configured user, and refuses one that does not exist (needs root)',
    async () => {
      const at = { ...aHome(), user: 'daemon' }
      const server = await openServer(at)
      expect(statSync(`/proc/${await pidOf(at)}`).uid).toBe(systemUser('daemon')?.uid)
      await server.release()
      await expect(openServer({ ...aHome(), user: 'no-such-user' })).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message:
          'embedded.user in cutter.yaml is no-such-user, and this system has no such user; nothing was changed',
      })
      await expect(openServer({ ...aHome(), user: 'root' })).rejects.toThrow('refuses to run')
    },
  )

  test.skipIf(why !== null)(
    'openEmbedded refuses a user who may not read the passwords of root’s server (needs root)',
    async () => {
      const at = aHome()
      await (await openServer(at)).release()
      const user = await aUser(at, NOBODY)
      expect(await user.answer()).toMatchObject({ code: 'STORE_UNWRITABLE' })
    },
  )
})

if (why !== null) console.log(`skipped: tests of root’s server, because ${why}`)
