import { randomUUID } from 'node:crypto'

/**
 * The session of an agent of 2025-11-25 that can open pages. Its id holds all that is known of it, so that it lasts over restarts of the service and
 * takes no memory. It lets nobody in: each request brings its token. Who makes one up is asked to open pages, on the stream of their own request.
 */
const HEADER = 'mcp-session-id'
const START = 'opens-pages.'

export const withPagesSession = (response: Response): Response => {
  const headers = new Headers(response.headers)
  headers.set(HEADER, `${START}${randomUUID()}`)
  return new Response(response.body, { status: response.status, headers })
}

export const carriesPagesSession = (headers: Headers | undefined): boolean =>
  headers?.get(HEADER)?.startsWith(START) ?? false
