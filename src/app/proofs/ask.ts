import { withJoinedSignals } from '../../domain/join-signals.ts'

/** No answer is waited for longer, in milliseconds. */
const TIMEOUT = 5_000
/** No answer is read further, in bytes. */
const LONGEST = 1 << 16

/** What a service answered: its status and its body. */
export interface Answer {
  status: number
  body: Buffer
}

/**
 * Sends bytes and reads the answer. A redirect is not followed, because it would take them to another address.
 * @throws Error, which says why there is no answer
 */
export async function ask(
  url: string,
  { type, body, interrupt }: { type: string; body: Uint8Array | string; interrupt: AbortSignal },
): Promise<Answer> {
  try {
    return await withJoinedSignals({ sources: [interrupt], ms: TIMEOUT }, async (signal) => {
      const headers = { 'content-type': type, 'user-agent': 'cutter' }
      const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal })
      return { status: answer.status, body: await readAll(answer) }
    })
  } catch (error) {
    const { name, cause, message } = error as Error & { cause?: { code?: string } }
    const why = name === 'TimeoutError' ? `nothing within ${TIMEOUT / 1000} s` : (cause?.code ?? message)
    throw new Error(`no answer from ${new URL(url).host}: ${why}`)
  }
}

async function readAll({ body }: Response): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of body ?? []) {
    length += part.length
    if (length > LONGEST) throw new Error(`it sends more than ${LONGEST} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}
