import { type ApiClient, createApiClient } from './api-client.ts'

export {
  type ApiClient,
  type ApiRequest,
  createApiClient,
  type Json,
  type Schemas,
  type Send,
} from './api-client.ts'

/** A problem document (RFC 9457) of the service, as an error. */
export class ApiError extends Error {
  constructor(
    /** Of HTTP. */
    readonly status: number,
    /** The error code, such as APPROVAL_REFUSED. */
    readonly code: string,
    message: string,
    /** What to do next; null where there is nothing. */
    readonly next: string | null,
    /** The reason code of a refusal; null for other errors. */
    readonly reason: string | null,
  ) {
    super(message)
    this.name = 'ApiError'
  }
}

/**
 * Opens the API of a service for programs: `connect({ url: 'http://127.0.0.1:7433', token })`. Operations reject with an ApiError.
 * @param given url as `cutter serve` prints it, and a token of `cutter token create`
 */
export function connect({ url, token }: { url: string; token: string }): ApiClient {
  return createApiClient(async ({ method, path, body, answer }) => {
    const isFile = body instanceof Uint8Array
    const response = await fetch(new URL(path, url), {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined
          ? {}
          : { 'content-type': isFile ? 'application/octet-stream' : 'application/json' }),
      },
      ...(body === undefined
        ? {}
        : { body: isFile ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body) }),
    })
    if (!response.ok) throw await errorOf(response)
    if (answer === 'bytes') return new Uint8Array(await response.arrayBuffer())
    return answer === 'text' ? response.text() : response.json()
  })
}

async function errorOf(response: Response): Promise<ApiError> {
  const given = (await response.json().catch(() => ({}))) as { [field: string]: unknown }
  const text = (name: string) => (typeof given[name] === 'string' ? given[name] : null)
  const detail = text('detail') ?? `the service answers ${response.status}`
  return new ApiError(response.status, text('code') ?? 'INTERNAL', detail, text('next'), text('reason'))
}
