import { RequestError } from './problem.ts'

/** The size of a JSON body at most, in bytes. */
const MAX_BYTES = 1024 * 1024
/** How deep objects and lists of a body may lie in each other. */
const MAX_DEPTH = 64

/**
 * Reads the JSON body of a request. An empty body is an empty object.
 * @param max its size at most, in bytes
 * @throws RequestError 413 when it is too large, 415 when it is not JSON by its type, 400 when it can't be parsed or is too deep
 */
export async function readJsonBody(request: Request, max = MAX_BYTES): Promise<unknown> {
  const bytes = await readBytes(request, max)
  if (bytes.length === 0) return {}
  const type = request.headers.get('content-type') ?? ''
  if (!/^application\/json *(;|$)/i.test(type))
    throw new RequestError(
      415,
      'the body is not application/json; nothing was done',
      'send JSON, and say so in Content-Type',
    )
  const text = decode(bytes)
  if (depthOf(text) > MAX_DEPTH)
    throw new RequestError(
      400,
      `the body is more than ${MAX_DEPTH} levels deep; nothing was done`,
      'send a flatter body',
    )
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new RequestError(400, 'the body is not valid JSON; nothing was done', 'send one JSON object')
  }
}

/**
 * Reads the bytes of a body, and stops at the first one that is too many.
 * @throws RequestError 413
 */
async function readBytes({ body, headers }: Request, max: number): Promise<Buffer> {
  const tooLarge = () =>
    new RequestError(413, `the body is larger than ${max} bytes; nothing was done`, 'send a smaller body')
  if (Number(headers.get('content-length') ?? 0) > max) throw tooLarge()
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of (body ?? []) as AsyncIterable<Uint8Array>) {
    size += part.length
    if (size > max) throw tooLarge()
    parts.push(part)
  }
  return Buffer.concat(parts)
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new RequestError(400, 'the body is not UTF-8; nothing was done', 'send JSON in UTF-8')
  }
}

/** How deep the brackets of a JSON text lie in each other, strings left out. Each character is read once, whatever the text is. */
function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  let isInString = false
  for (let at = 0; at < text.length; at++) {
    const sign = text[at]
    if (sign === '"') isInString = !isInString
    else if (isInString) at += sign === '\\' ? 1 : 0
    else if (sign === '{' || sign === '[') deepest = Math.max(deepest, ++depth)
    else if (sign === '}' || sign === ']') depth--
  }
  return deepest
}
