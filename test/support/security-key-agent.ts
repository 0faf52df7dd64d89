import { existsSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import type { SecurityKey } from './security-keys.ts'

/**
 * An agent that holds a security key in software, so that ssh can log in with it where no hardware is. It answers the two requests that ssh
 * makes (PROTOCOL.agent of OpenSSH): which keys there are, and a signature.
 */
export async function startSecurityKeyAgent(key: SecurityKey, socket: string): Promise<{ stop(): void }> {
  if (existsSync(socket)) throw new Error(`${socket} is there already`)
  const blob = Buffer.from(key.publicKey.split(' ')[1]!, 'base64')
  const connections = new Set<Socket>()
  const server = createServer((connection) => {
    connections.add(connection)
    connection.on('error', () => undefined)
    let rest = Buffer.alloc(0)
    connection.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE(0)) {
        const request = rest.subarray(4, 4 + rest.readUInt32BE(0))
        rest = rest.subarray(4 + request.length)
        connection.write(string(answer(request)))
      }
    })
  })
  const answer = (request: Buffer): Buffer => {
    if (request[0] === 11)
      return Buffer.concat([Buffer.from([12, 0, 0, 0, 1]), string(blob), string(Buffer.from('virtual'))])
    if (request[0] !== 13) return Buffer.from([5])
    const at = 5 + request.readUInt32BE(1)
    const data = request.subarray(at + 4, at + 4 + request.readUInt32BE(at))
    return Buffer.concat([Buffer.from([14]), string(key.signBytes(data))])
  }
  await new Promise<void>((done) => server.listen(socket, done))
  return {
    stop() {
      for (const connection of connections) connection.destroy()
      server.close()
    },
  }
}

function string(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}
