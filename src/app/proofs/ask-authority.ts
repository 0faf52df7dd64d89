import { makeTimeQuery, readTimeToken } from '../../bundle/when/time-token.ts'
import type { Tools } from '../../tools/open-tools.ts'
import { ask } from './ask.ts'

/**
 * Asks a time-stamping authority (RFC 3161, section 3.4) for a token over a digest. Returns its answer, which is a valid token of that digest.
 * @throws Error, which says why there is none
 */
export async function askAuthority(
  tools: Tools,
  { url, digest, interrupt }: { url: string; digest: string; interrupt: AbortSignal },
): Promise<Buffer> {
  const { host } = new URL(url)
  const query = await makeTimeQuery(tools, digest)
  const { status, body } = await ask(url, {
    type: 'application/timestamp-query',
    body: query.bytes,
    interrupt,
  })
  if (status !== 200) throw new Error(`${host} answered ${status}`)
  const token = await readTimeToken(tools, body)
  if (token === null) throw new Error(`${host} granted no time token`)
  if (token.digest !== digest || token.nonce !== query.nonce)
    throw new Error(`the time token of ${host} is of another request`)
  if (token.authority === null) throw new Error(`the time token of ${host} has no valid signature`)
  return body
}
