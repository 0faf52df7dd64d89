import { AttemptError, codeOfFault } from './attempt-error.ts'

interface Post {
  url: string
  headers: { [name: string]: string }
  body: string
  end: AbortSignal
}

/**
 * Sends a message by HTTP. Only an answer of 2xx counts: a redirect is not followed, because it would take the message to another address.
 * @throws AttemptError
 */
export async function post({ url, headers, body, end }: Post): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': 'cutter', ...headers },
    body,
    redirect: 'manual',
    signal: end,
  }).catch((error: unknown) => {
    throw new AttemptError(`no answer: ${codeOfFault(error)}`)
  })
  // Nothing of the answer is read, so a receiver can’t fill the memory with it.
  await answer.body?.cancel().catch(() => {})
  if (!answer.ok) throw new AttemptError(`the receiver answered ${answer.status}`)
}
