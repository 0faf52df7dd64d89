import { connect, type Socket } from 'node:net'
import type { FoundService } from './find-service.ts'

/** Opens a connection to a service. */
export async function connectTo({ at }: FoundService): Promise<Socket> {
  if ('path' in at) return connect(at.path)
  const { host, port, isSecure } = at
  if (!isSecure) return connect({ host, port })
  const tls = await import('node:tls')
  return tls.connect({ host, port, servername: host })
}

/** The event with which a connection is open. */
export const connectedEvent = ({ at }: FoundService) =>
  'isSecure' in at && at.isSecure ? 'secureConnect' : 'connect'

/** The head of a request with a body of so many bytes. */
export function headOf(
  { at, token }: FoundService,
  path: string,
  length: number,
  { type = 'application/json', accept = '*/*', method = 'POST' } = {},
): string {
  const host = 'path' in at ? 'cutter' : `${at.host.includes(':') ? `[${at.host}]` : at.host}:${at.port}`
  // A token with a line end would end the header.
  const authorization =
    token === null || /[^\x21-\x7e]/.test(token) ? '' : `authorization: Bearer ${token}\r\n`
  return `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n${authorization}connection: close\r\naccept: ${accept}\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n\r\n`
}

/** Whether somebody takes connections there. */
export async function isListening(service: FoundService): Promise<boolean> {
  const socket = await connectTo(service)
  return new Promise((done) => {
    socket
      .on('error', () => done(false))
      .on(connectedEvent(service), () => {
        socket.destroy()
        done(true)
      })
  })
}
