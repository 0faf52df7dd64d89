import { connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { aService } from '../support/http-service.ts'

test('the service ends although clients without a token stay connected', async () => {
  const at = await aService('', { last: 100 })
  const head = 'POST /api/v1/uploads HTTP/1.1\r\nhost: 127.0.0.1\r\n'
  const operator = await at.token({ name: 'olga', role: 'operator' })
  const begun = ['', 'GET /healthz HTTP/1.1\r\nhost: 127', `${head}content-length: 100\r\n\r\n{`]
  const clients = await Promise.all(
    [...begun, `${head}authorization: Bearer ${operator}\r\ncontent-length: 100\r\n\r\n{`].map((bytes) =>
      connected(at.url, bytes),
    ),
  )
  expect((await at.get('/healthz')).status).toBe(200)
  const cutOff = clients.map((client) => new Promise((done) => client.once('close', done)))
  await at.remove()
  await Promise.all(cutOff)
}, 5_000)

/** A client that has sent these bytes, and sends no more. */
function connected(url: string, bytes: string): Promise<Socket> {
  return new Promise((done) => {
    const client = connect(Number(new URL(url).port), '127.0.0.1')
    client.on('error', () => {}).once('connect', () => client.write(bytes, () => done(client)))
    client.resume()
  })
}
