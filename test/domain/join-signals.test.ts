import { getEventListeners } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { joinSignals, withJoinedSignals } from '../../src/domain/join-signals.ts'

/** Collects what nothing refers to, as Node does whenever it likes. */
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

describe('joined signals', () => {
  test('end a request to a silent server in time, whatever is collected meanwhile', async () => {
    const server = createServer(() => collect())
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const collecting = setInterval(collect, 20)
    try {
      const asked = withJoinedSignals({ sources: [new AbortController().signal], ms: 300 }, (signal) =>
        fetch(url, { signal }),
      )
      await expect(Promise.race([asked, sleep(20_000, 'still waiting')])).rejects.toMatchObject({
        name: 'TimeoutError',
      })
    } finally {
      clearInterval(collecting)
      server.closeAllConnections()
      server.close()
    }
  })

  test('abort with the reason of the first, also one that had aborted before', () => {
    const [one, other] = [new AbortController(), new AbortController()]
    const { signal } = joinSignals([one.signal, other.signal], 60_000)
    other.abort('the other')
    one.abort('the one')
    expect(signal.reason).toBe('the other')
    expect(joinSignals([one.signal, other.signal]).signal.reason).toBe('the one')
  })

  test('leave nothing at a signal that lives on: after an end, a release, and work that failed', async () => {
    const { signal } = new AbortController()
    const other = new AbortController()
    joinSignals([signal, other.signal], 60_000)
    other.abort()
    joinSignals([signal], 60_000).release()
    const failing = withJoinedSignals({ sources: [signal], ms: 60_000 }, () =>
      Promise.reject(new Error('it failed')),
    )
    await expect(failing).rejects.toThrow('it failed')
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  test('are the only joined ones of the program', () => {
    const src = resolve(import.meta.dirname, '../../src')
    const using = readdirSync(src, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.tsx?$/.test(name))
      .filter((name) => /AbortSignal\.any\(/.test(readFileSync(join(src, name), 'utf8')))
    expect(using).toEqual([])
  })
})
