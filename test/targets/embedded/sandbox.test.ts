import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { openRehearsalServers } from '../../../src/targets/embedded/rehearsal-servers.ts'
import { withSession } from '../../../src/targets/postgres/pg-session.ts'
import { aHome, clean } from './embedded-homes.ts'

const NAME = 'rehearsal_mig_1'

/** Whether an ordinary user may make a network namespace here. */
function mayIsolate(): boolean {
  try {
    const ids = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
    execFileSync('unshare', ['--user', '--map-current-user', '--net', 'true'], { stdio: 'ignore', ...ids })
    return true
  } catch {
    return false
  }
}

afterEach(clean, 60_000)

describe('the server of a rehearsal', () => {
  test('the server of a rehearsal has no network where the system allows it, and listens on a socket only', async () => {
    const at = aHome()
    const servers = openRehearsalServers(at)
    await servers.prepare(NAME)
    const url = await servers.adminUrl(NAME, 'postgres')
    const seen = await withSession(url, { applicationName: 'test' }, async (client) => {
      const { rows } = await client.query(
        `select current_setting('listen_addresses') as addresses, inet_server_addr() as address`,
      )
      const { rows: interfaces } = await client.query<{ line: string }>(
        `select line from regexp_split_to_table(pg_read_file('/proc/self/net/dev'), '\\n') line where line like '%:%'`,
      )
      return { ...rows[0], interfaces: interfaces.map(({ line }) => line.split(':')[0]!.trim()) }
    })
    expect(seen).toMatchObject({ addresses: '', address: null })
    expect(await servers.sandbox(NAME)).toBe(mayIsolate() ? 'no network' : 'none')
    if (mayIsolate()) expect(seen.interfaces).toEqual(['lo'])
    await servers.remove(NAME)
    expect(readdirSync(join(at.home, 'var/embedded')).filter((name) => name.startsWith('s-'))).toEqual([])
    expect(existsSync(join(at.home, 'var/embedded/rehearsals', NAME))).toBe(false)
  })

  test('a home with a long path has a server on the loopback, without a sandbox', async () => {
    const at = aHome()
    const home = join(at.home, 'a'.repeat(60))
    const servers = openRehearsalServers({ home, stateDirectory: at.stateDirectory })
    await servers.prepare(NAME)
    expect(await servers.sandbox(NAME)).toBe('none')
    expect(await servers.adminUrl(NAME, 'postgres')).not.toContain('host=')
    await servers.release()
  })
})
