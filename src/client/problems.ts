import { ClientError } from './client-error.ts'
import type { FoundService } from './find-service.ts'

/** Statuses of refusals by exit code; every other one is a failure. */
const EXITS: { [status: number]: number } = {
  400: 2,
  413: 2,
  415: 2,
  421: 2,
  422: 2,
  401: 3,
  403: 3,
  409: 3,
  429: 3,
  503: 3,
}

/** The error of an answer that is a problem document, or of no service at all. */
export function problemOf(service: FoundService, status: number, text: string): ClientError {
  const exit = EXITS[status] ?? 1
  try {
    const { code, detail, next } = JSON.parse(text) as { [name: string]: unknown }
    if (typeof code === 'string' && typeof detail === 'string')
      return new ClientError(code, detail, typeof next === 'string' ? next : '', exit)
  } catch {
    // Whatever answers there, it is no service of Cutter.
  }
  return new ClientError(
    'INTERNAL',
    `${service.name} answers ${status} and is no service of Cutter; nothing is known to be done`,
    'see what cutter serve prints, or unset CUTTER_URL',
    1,
  )
}

/** The error of an answer whose end is missing. */
export const cutShortError = (service: FoundService, why: string) =>
  new ClientError(
    'INTERNAL',
    `the answer of the service at ${service.name} was cut short: ${why}; what it was asked to do may be done, or be at work`,
    'cutter run list shows what is there',
    1,
  )

/** The error of a service that takes no connection. */
export class UnreachableError extends ClientError {
  /** Whether nobody listens there. */
  readonly isGone: boolean

  constructor(name: string, { message, code }: NodeJS.ErrnoException) {
    const next = 'cutter serve starts it; CUTTER_URL names it'
    super('INTERNAL', `the service at ${name} can't be reached: ${message}; nothing was done`, next, 1)
    this.isGone = ['ENOENT', 'ECONNREFUSED', 'ENOTSOCK'].includes(code ?? '')
  }
}
