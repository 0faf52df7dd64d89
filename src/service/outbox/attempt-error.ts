/** Why an attempt failed, in words that hold nothing of a URL, a token or an answer: they are kept and shown. */
export class AttemptError extends Error {}

/** The code of what a socket, a DNS query or a mail server reports, which holds no secret; its message may. */
export function codeOfFault(error: unknown): string {
  const { code, responseCode, cause, name } = error as {
    code?: unknown
    responseCode?: unknown
    cause?: unknown
    name?: unknown
  }
  if (name === 'TimeoutError' || name === 'AbortError') return 'no answer in time'
  if (typeof code === 'string') return typeof responseCode === 'number' ? `${code} ${responseCode}` : code
  return cause === undefined ? String(name) : codeOfFault(cause)
}
