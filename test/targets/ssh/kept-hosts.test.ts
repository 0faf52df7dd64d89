import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { closeKeptHosts, keepHosts } from '../../../src/targets/ssh/kept-hosts.ts'
import { openHost } from '../../../src/targets/ssh/open-host.ts'
import { TRUSTED_TOOLS } from '../../../src/tools/open-tools.ts'
import { type Sshd, serversAndTransports, startSshd } from '../../support/sshd.ts'

const LIMITS = { timeoutMs: 20_000, maxOutputBytes: 1_000 }
const never = new AbortController().signal
let sshd: Sshd | null = null
beforeAll(() => closeKeptHosts())
afterAll(async () => {
  closeKeptHosts()
  await sshd?.stop()
})

test.each(serversAndTransports)(
  'a connection that waits is not used after another one to the host was lost (%s, through %s)',
  async (server, through) => {
    sshd = await startSshd(server, { through })
    const { home, cutAfter, stop } = sshd
    const user = { home, env: {}, tools: TRUSTED_TOOLS }
    const open = keepHosts((name, signal) => openHost(name, user, signal))
    const earlier = await open('web', never)
    earlier.keep()
    const last = await open('web', never, { newLogin: true })
    const pending = last.run(['sleep', '60'], { ...LIMITS, timeoutMs: 90_000 })
    cutAfter(0)
    await expect(pending).rejects.toMatchObject({ name: 'HostLost' })
    last.abandon()
    const next = await open('web', never)
    expect((await next.run(['echo', 'again'], LIMITS)).stdout.toString()).toBe('again\n')
    await vi.waitUntil(() => !earlier.isOpen(), { timeout: 20_000 })
    next.close()
    sshd = null
    await stop()
  },
)
