import { CutterError } from '../domain/errors.ts'
import type { Json } from '../domain/json.ts'
import { TooMany } from '../service/access/rate-limits.ts'
import { STATUS_OF_ERROR } from './status-of-error.ts'

/** One step that was saved before the request failed, such as a refusal. */
export interface Touched {
  runId: string
  seq: number
  event: string
}

/** An error as it is answered: the members of RFC 9457, and those of `--json`. */
export interface Problem {
  type: 'about:blank'
  title: string
  status: number
  detail: string
  code: string
  next?: string
  /** What the request changed although it failed; empty where nothing was changed. */
  touched: Touched[]
  [fact: string]: Json | Touched[] | undefined
}

/** A request that is wrong before any use case is asked. */
export class RequestError extends Error {
  readonly status: number
  readonly next: string

  constructor(status: number, message: string, next: string) {
    super(message)
    this.status = status
    this.next = next
  }
}

/** Describes an error for the caller. `touched` lists the steps that the request had saved by then. */
export function problemOf(error: unknown, touched: Touched[]): Problem {
  if (error instanceof RequestError) {
    const { status, message, next } = error
    return problem(status, { code: 'USAGE', message, next }, touched)
  }
  if (error instanceof TooMany) {
    const { message, seconds } = error
    const next = `ask again in ${seconds} seconds`
    return problem(429, { code: 'USAGE', message: `${message}; nothing was done`, next }, touched)
  }
  if (error instanceof CutterError) {
    const { code, message, next, data } = error
    const facts = { code, message, ...(next === undefined ? {} : { next }), ...data }
    return problem(STATUS_OF_ERROR[code], facts, touched)
  }
  const message = error instanceof Error ? error.message : String(error)
  const next = 'the log of the service says more'
  return problem(500, { code: 'INTERNAL', message: `internal error: ${message}`, next }, touched)
}

interface Facts {
  code: string
  message: string
  next?: string
  [fact: string]: Json | undefined
}

function problem(status: number, { code, message, next, ...data }: Facts, touched: Touched[]): Problem {
  const head = { type: 'about:blank' as const, title: TITLES[status] ?? 'Error', status, detail: message }
  return { ...data, ...head, code, ...(next === undefined ? {} : { next }), touched }
}

const TITLES: { [status: number]: string } = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
}
