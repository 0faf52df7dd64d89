import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Received {
  path: string
  headers: IncomingHttpHeaders
  body: string
}

/** A web server that takes messages. */
export interface MessageReceiver {
  url: string
  received: Received[]
  /** The status of its answers; 0 lets the sender wait. */
  status: number
  close(): Promise<void>
}

/** Starts a receiver on a free port of loopback. */
export async function aMessageReceiver(): Promise<MessageReceiver> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const { url: path = '', headers } = request
      receiver.received.push({ path, headers, body: Buffer.concat(parts).toString() })
      if (receiver.status !== 0)
        response.writeHead(receiver.status, { location: '/elsewhere' }).end('an answer')
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const receiver: MessageReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: [],
    status: 200,
    close() {
      server.closeAllConnections()
      return new Promise((done) => server.close(() => done()))
    },
  }
  return receiver
}
