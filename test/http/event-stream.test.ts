import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { eventStream, withEnd } from '../../src/http/event-stream.ts'
import { getRequestListener } from '../../src/http/hono.ts'
import type { Followed, FollowedEntry } from '../../src/service/runs/follow.ts'

/** What a stream of events does for a client that does not read, and for one that waits. */

afterEach(() => {
  vi.useRealTimers()
})

const counts = async () => {}
const entry = (seq: number, about: string) =>
  ({ runId: 'r', entry: { seq, about } }) as unknown as FollowedEntry

test('a client that does not read keeps a bounded number of entries in memory', async () => {
  let made = 0
  let isOpen = true
  const about = 'x'.repeat(10_000)
  async function* endless(): Followed {
    try {
      // Where a client is not waited for, it ends before the memory does.
      while (made * about.length < 256 * 1024 * 1024) {
        made += 1
        yield entry(made, about)
        // A service has other work, too.
        if (made % 100 === 0) await new Promise((done) => setImmediate(done))
      }
    } finally {
      isOpen = false
    }
  }
  const answer = () => withEnd(new Response(eventStream(endless(), counts)), () => {})
  const server = createServer(getRequestListener(answer))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').pause()
  try {
    client.write('GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n')
    await expect.poll(() => made).toBeGreaterThan(0)
    // What the kernel takes for a connection is full once nothing more is asked for.
    let before = -1
    await expect
      .poll(
        () => {
          const isSame = made === before
          before = made
          return isSame
        },
        { interval: 300 },
      )
      .toBe(true)
    // The buffers of a connection take some megabytes.
    expect(made * about.length).toBeLessThan(32 * 1024 * 1024)
    client.resume()
    const full = made
    await expect.poll(() => made).toBeGreaterThan(full * 2)
    client.destroy()
    await expect.poll(() => isOpen).toBe(false)
  } finally {
    client.destroy()
    server.closeAllConnections()
    server.close()
  }
})

test('a stream without events says every 15 seconds that it lives', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  async function* quiet(): Followed {
    for (let second = 0; second < 300; second++) {
      yield null
      vi.setSystemTime(Date.now() + 1_000)
    }
  }
  const reader = eventStream(quiet(), counts).getReader()
  const next = async () => Buffer.from((await reader.read()).value!).toString()
  expect(await next()).toBe(': open\n\n')
  for (let count = 0; count < 3; count++) {
    const begun = Date.now()
    expect(await next()).toBe(': still here\n\n')
    // One may have been made before it was asked for.
    expect(Date.now() - begun).toBeLessThan(33_000)
  }
  await reader.cancel()
})
