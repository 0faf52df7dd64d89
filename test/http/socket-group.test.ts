import { spawnSync } from 'node:child_process'
import { chmodSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { openService } from '../../src/service/serve.ts'
import { aService, type HttpService } from '../support/http-service.ts'
import { openServiceHome } from '../support/service-home.ts'

/** The group that reaches the unix socket of a service. */

let at: HttpService | null = null
afterEach(async () => {
  await at?.remove()
  at = null
})

const isRoot = process.getuid?.() === 0
const DAEMON = idOf('daemon')

function idOf(group: string): number {
  return Number(new RegExp(`^${group}:[^:]*:(\\d+)`, 'm').exec(readFileSync('/etc/group', 'utf8'))?.[1])
}

/** Whether a process of nobody that has a group connects. The kernel answers it, so the service need not. */
function reaches(socket: string, gid: number): boolean {
  const connect = 'exit(IO::Socket::UNIX->new(Peer => $ARGV[0]) ? 0 : 1)'
  const as = ['--reuid', '65534', '--regid', String(gid), '--clear-groups']
  const { status } = spawnSync('setpriv', [...as, 'perl', '-MIO::Socket::UNIX', '-e', connect, socket])
  return status === 0
}

describe.skipIf(!isRoot)('socketGroup of cutter.yaml', () => {
  test.each([
    ['by its name', 'daemon'],
    ['by its number', String(DAEMON)],
  ])('gives the socket to a group %s, and to nobody else', async (_, group) => {
    at = await aService(`socketGroup: ${group}\n`)
    const { gid, mode } = statSync(at.socket)
    expect([gid, mode & 0o777]).toEqual([DAEMON, 0o660])
    expect((await at.get('/healthz', undefined, { local: true })).status).toBe(200)
    for (const folder of [at.home.folder, join(at.home.folder, 'var')]) chmodSync(folder, 0o711)
    expect([reaches(at.socket, DAEMON), reaches(at.socket, 65534)]).toEqual([true, false])
  })

  test('does not hinder a service without it, whose socket has its own group', async () => {
    at = await aService()
    expect(statSync(at.socket).gid).toBe(statSync(join(at.home.folder, 'var')).gid)
  })
})

test('a group that does not exist keeps the service from starting', async () => {
  const opened = openServiceHome('socketGroup: no-such-group-here\n')
  try {
    await expect(openService(opened.home)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('no-such-group-here'),
    })
  } finally {
    await opened.remove()
  }
})
