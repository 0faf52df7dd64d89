import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import type { App } from '../../../src/app/open-app.ts'
import { evidence } from '../../../src/config/evidence-schema.ts'
import { checkTimestampAuthority } from '../../../src/service/doctor/proof-checks.ts'

const { signal } = new AbortController()
const check = (given: object) =>
  checkTimestampAuthority({ config: { evidence: given, tools: {} } } as unknown as App, signal)

test('doctor asks no time-stamping authority where cutter.yaml names none', async () => {
  expect(await check({})).toEqual([])
})

test('doctor warns of a time-stamping authority that gives no token, and says what that means', async () => {
  const server = createServer((_, response) => void response.writeHead(503).end())
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  const [finding] = await check({ timestamp: { url: `http://127.0.0.1:${port}/` } })
  await new Promise((done) => server.close(done))
  expect(finding).toMatchObject({ check: 'time-stamping authority', status: 'warn' })
  expect(finding!.message).toMatch(/answered 503; no run waits for it/)
  expect(finding!.next).toContain('evidence.timestamp.url')
})

test.each(['ftp://tsa.example.org/', 'ftp:tsa', 'file:///etc/passwd', 'tsa.example.org', ''])(
  'cutter.yaml takes no address of an authority such as %j',
  (url) => expect(evidence.safeParse({ timestamp: { url } }).success).toBe(false),
)
