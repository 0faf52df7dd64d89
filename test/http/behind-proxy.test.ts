import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { LIMITS } from '../../src/service/access/rate-limits.ts'
import { aService, type HttpService } from '../support/http-service.ts'

/** Limits by address behind a real proxy: it adds the address that it sees, and what its clients claim counts not at all. */

let at: HttpService
const proxies: Server[] = []
afterEach(async () => {
  for (const proxy of proxies.splice(0)) await new Promise((done) => proxy.close(done))
  await at.remove()
})

/** A proxy that adds its caller's address to `X-Forwarded-For`, as common ones do. Returns its URL. */
async function aProxy(to: string): Promise<string> {
  const proxy = createServer((incoming, outgoing) => {
    const before = incoming.headers['x-forwarded-for']
    const seen = incoming.socket.remoteAddress!
    const headers = {
      ...incoming.headers,
      host: '127.0.0.1',
      'x-forwarded-for': before === undefined ? seen : `${before}, ${seen}`,
    }
    const onward = request(new URL(incoming.url!, to), { method: incoming.method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(outgoing)
    })
    incoming.pipe(onward)
  })
  proxies.push(proxy)
  await new Promise<void>((done) => proxy.listen(0, '0.0.0.0', done))
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
}

/** Asks from an address of this host: all of 127.0.0.0/8 are. */
function status(url: string, localAddress: string, claims?: string): Promise<number> {
  const headers = claims === undefined ? {} : { 'x-forwarded-for': claims }
  return new Promise((done, fail) => {
    request(`${url}/healthz`, { localAddress, headers, agent: false }, (answer) => {
      answer.resume()
      done(answer.statusCode!)
    })
      .on('error', fail)
      .end()
  })
}

async function statuses(url: string, from: string, claims: (string | undefined)[]): Promise<number[]> {
  const answers: number[] = []
  for (const claim of claims) answers.push(await status(url, from, claim))
  return answers
}

const limits = { ...LIMITS, requestsByAddress: 3 }
/** Each request claims to come from elsewhere. */
const FORGED = ['10.0.0.1', '10.0.0.2', '10.0.0.3, 10.0.0.4', '10.0.0.5, 127.0.0.9']

test('with one trusted hop each client has a limit of its own, and forges no other address', async () => {
  at = await aService('proxy: { hops: 1 }\n', { limits })
  const url = await aProxy(at.url)
  expect(await statuses(url, '127.0.0.2', FORGED)).toEqual([200, 200, 200, 429])
  // Neither does it use up the share of somebody else, whose address it claimed.
  expect(await statuses(url, '127.0.0.9', [undefined, undefined, undefined, undefined])).toEqual([
    200, 200, 200, 429,
  ])
})

test('with two trusted hops the address is the one that the outer proxy saw', async () => {
  at = await aService('proxy: { hops: 2 }\n', { limits })
  const url = await aProxy(await aProxy(at.url))
  expect(await statuses(url, '127.0.0.2', FORGED)).toEqual([200, 200, 200, 429])
  expect(await status(url, '127.0.0.3')).toBe(200)
})

test('without a trusted hop all clients of a proxy share its limit, whatever they claim', async () => {
  at = await aService('', { limits })
  const url = await aProxy(at.url)
  expect(await statuses(url, '127.0.0.2', FORGED.slice(0, 3))).toEqual([200, 200, 200])
  expect(await status(url, '127.0.0.3', '10.9.9.9')).toBe(429)
})

test('who goes past the proxies names no other address', async () => {
  at = await aService('proxy: { hops: 1, addresses: [127.0.0.9] }\n', { limits })
  expect(await statuses(at.url, '127.0.0.2', FORGED)).toEqual([200, 200, 200, 429])
  expect(await statuses(at.url, '127.0.0.9', FORGED)).toEqual([200, 200, 200, 200])
})
