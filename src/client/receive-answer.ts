import type { Socket } from 'node:net'
import { connectedEvent } from './connection.ts'
import type { FoundService } from './find-service.ts'
import { cutShortError, UnreachableError } from './problems.ts'
import { createResponseReader } from './response-reader.ts'

/**
 * Reads the complete answer to the request that `send` writes, until the connection is closed.
 * @throws ClientError when the service is not there, or its answer is cut short
 */
export function receiveAnswer(
  service: FoundService,
  socket: Socket,
  send: (socket: Socket) => void,
): Promise<{ status: number; body: Buffer }> {
  const parts: Buffer[] = []
  // A part of the answer may be overwritten by the next one.
  const response = createResponseReader((bytes) => void parts.push(Buffer.from(bytes)))
  return new Promise((done, fail) => {
    let isConnected = false
    let fault: string | null = null
    socket
      .on(connectedEvent(service), () => {
        isConnected = true
      })
      .on('data', (bytes: Buffer) => {
        try {
          response.push(bytes)
        } catch (error) {
          fail(cutShortError(service, (error as Error).message))
        }
      })
      .on('error', (error) => {
        fault = error.message
        if (!isConnected) fail(new UnreachableError(service.name, error))
      })
      .on('close', () => {
        const status = response.status()
        if (status !== null && response.isComplete()) return done({ status, body: Buffer.concat(parts) })
        const where = status === null ? 'it ended before its head' : 'it ended before its last byte'
        fail(cutShortError(service, fault ?? where))
      })
    send(socket)
  })
}
