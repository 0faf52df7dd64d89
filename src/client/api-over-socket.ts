import { type ApiClient, type ApiRequest, createApiClient } from './api-client.ts'
import { connectTo, headOf } from './connection.ts'
import type { FoundService } from './find-service.ts'
import { problemOf } from './problems.ts'
import { receiveAnswer } from './receive-answer.ts'

/** The API of a service, over a connection for each request. Operations reject with a ClientError. */
export const apiOf = (service: FoundService): ApiClient =>
  createApiClient(async (request) => {
    const { status, body } = await sendTo(service, request)
    if (status >= 400) throw problemOf(service, status, body.toString())
    if (request.answer === 'bytes') return body
    return request.answer === 'text' ? body.toString() : JSON.parse(body.toString())
  })

async function sendTo(service: FoundService, { method, path, body }: ApiRequest) {
  const isFile = body instanceof Uint8Array
  const sent = isFile ? body : Buffer.from(body === undefined ? '' : JSON.stringify(body))
  const type = isFile ? 'application/octet-stream' : 'application/json'
  return receiveAnswer(service, await connectTo(service), (socket) => {
    socket.write(headOf(service, path, sent.length, { type, method }))
    socket.write(sent)
  })
}
