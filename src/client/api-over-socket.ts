import { type ApiClient, type ApiRequest, createApiClient } from './api-client.ts'
import { connectedEvent, connectTo, headOf } from './connection.ts'
import type { FoundService } from './find-service.ts'
import { cutShortError, problemOf, UnreachableError } from './problems.ts'
import { createResponseReader } from './response-reader.ts'

/** The API of a service, over a connection for each request. Operations reject with a ClientError. */
export const apiOf = (service: FoundService): ApiClient =>
  createApiClient(async (request) => {
    const { status, body } = await sendTo(service, request)
    if (status >= 400) throw problemOf(service, status, body.toString())
    if (request.answer === 'bytes') return body
    return request.answer === 'text' ? body.toString() : JSON.parse(body.toString())
  })

/** @throws ClientError when the service is not there, or its answer is cut short */
async function sendTo(
  service: FoundService,
  { method, path, body }: ApiRequest,
): Promise<{ status: number; body: Buffer }> {
  const isFile = body instanceof Uint8Array
  const sent = isFile ? body : Buffer.from(body === undefined ? '' : JSON.stringify(body))
  const type = isFile ? 'application/octet-stream' : 'application/json'
  const socket = await connectTo(service)
  const parts: Buffer[] = []
  // A part of the answer is overwritten by the next one.
  const response = createResponseReader((bytes) => void parts.push(Buffer.from(bytes)))
  return new Promise((done, fail) => {
    let isConnected = false
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
      .on('error', (error) =>
        fail(isConnected ? cutShortError(service, error.message) : new UnreachableError(service.name, error)),
      )
      .on('end', () => {
        const status = response.status()
        if (status === null) fail(cutShortError(service, 'it ended before its head'))
        else if (!response.isComplete()) fail(cutShortError(service, 'it ended before its last byte'))
        else done({ status, body: Buffer.concat(parts) })
      })
    socket.write(headOf(service, path, sent.length, { type, method }))
    socket.write(sent)
  })
}
