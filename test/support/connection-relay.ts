import { createServer, connect as dial, type Socket } from 'node:net'

/** A relay in front of a server, by which a test cuts connections when it wants. What was let through before a cut arrives. */
export async function openRelay(to: number) {
  const sockets = new Map<Socket, Socket>()
  let left = Number.POSITIVE_INFINITY
  let closed = false
  const cut = () => {
    for (const client of sockets.keys()) client.destroy()
    left = Number.POSITIVE_INFINITY
  }
  const server = createServer((client) => {
    if (closed) return client.destroy()
    const upstream = dial(to, '127.0.0.1')
    sockets.set(client, upstream)
    for (const socket of [client, upstream]) {
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(client)
        client.destroy()
        upstream.end()
      })
    }
    client.on('data', (chunk: Buffer) => {
      upstream.write(chunk.subarray(0, Math.min(chunk.length, left)))
      left -= chunk.length
      if (left <= 0) cut()
    })
    upstream.pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as { port: number }).port,
    cutAfter(bytes: number) {
      if (bytes === 0) cut()
      else left = bytes
    },
    freeze() {
      for (const socket of [...sockets].flat()) {
        socket.removeAllListeners('data')
        socket.unpipe()
        socket.pause()
      }
    },
    shut(now: boolean) {
      closed = now
    },
    close() {
      for (const socket of [...sockets].flat()) socket.destroy()
      server.close()
    },
  }
}
