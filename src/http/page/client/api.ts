import { signal } from '@preact/signals'
import type { Problem, Session } from './answers.ts'
import { forgetKept } from './kept-answers.ts'

/** The name under which the browser keeps the guard of its session. Only pages of this origin can read it. */
const GUARD = 'cutter-guard'

/** Who is signed in; null before sign-in, undefined while nobody knows yet. */
export const session = signal<Session | null | undefined>(undefined)

/** Why the service ended the session while the page was open; null where it did not. */
export const endedWhy = signal<Problem | null>(null)

/** An error that the service answered, or that it could not be reached. */
export class ApiError extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
  }
}

const guardHeader = (): { [name: string]: string } => {
  const guard = localStorage.getItem(GUARD)
  return guard === null ? {} : { 'x-cutter-guard': guard }
}

/**
 * Sends a request with the session of this browser.
 * @throws ApiError when the service refuses it or can't be reached
 */
export async function request(
  path: string,
  init: RequestInit & { headers?: { [name: string]: string } } = {},
): Promise<Response> {
  let response: Response
  try {
    response = await fetch(path, { ...init, headers: { ...guardHeader(), ...init.headers } })
  } catch (error) {
    if (init.signal?.aborted === true) throw error
    throw lostError(init)
  }
  if (response.ok) return response
  const problem = await problemOf(response)
  if (response.status === 401) {
    if (session.value) endedWhy.value = problem
    session.value = null
  }
  throw new ApiError(problem)
}

/**
 * The error of a request without an answer. A browser does not tell whether the request arrived: what was only read can be read again; of anything
 * else nobody knows whether it is done.
 */
function lostError({ method = 'GET' }: RequestInit): ApiError {
  return new ApiError(
    method === 'GET'
      ? {
          status: 0,
          code: 'OFFLINE',
          detail: 'the service can’t be reached',
          next: 'check that cutter serve runs',
        }
      : {
          status: 0,
          code: 'NO_ANSWER',
          detail: 'no answer came from the service: it may have received this, and may have done it',
          next: 'reload this page and look at the run first; what was done is shown there',
        },
  )
}

/** Sends a request and reads its answer, whose end may be lost as well. */
async function answerOf<T>(
  path: string,
  init: Parameters<typeof request>[1],
  read: (response: Response) => Promise<T>,
): Promise<T> {
  const response = await request(path, init)
  try {
    return await read(response)
  } catch {
    throw lostError(init ?? {})
  }
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    return (await response.json()) as Problem
  } catch {
    // What stands between the page and the service answered, or the answer was cut short.
    const detail = `the answer was ${response.status}, without a word of the service; nobody knows what was done`
    return { status: response.status, code: 'INTERNAL', detail, next: 'reload this page and look first' }
  }
}

const readJson = async <T>(response: Response) => (await response.json()) as T
const readText = (response: Response) => response.text()

export const getJson = <T>(path: string): Promise<T> => answerOf<T>(path, {}, readJson)

const jsonInit = (body: unknown) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

export const postJson = <T>(path: string, body: unknown): Promise<T> =>
  answerOf<T>(path, jsonInit(body), readJson)

export const getText = (path: string): Promise<string> => answerOf(path, {}, readText)

export const postForText = (path: string, body: unknown): Promise<string> =>
  answerOf(path, jsonInit(body), readText)

/** Asks who is signed in. */
export async function readSession(): Promise<void> {
  if (localStorage.getItem(GUARD) === null) session.value = null
  else
    session.value = await getJson<Session>('/api/v1/session').catch((error: unknown) => {
      if (error instanceof ApiError && error.problem.status === 401) return null
      throw error
    })
}

/**
 * Exchanges a token, the code of a sign-in link, or the signature of a passkey for a session.
 * @throws ApiError when it does not count
 */
export async function signIn(
  given: { token: string } | { code: string } | { passkey: { statement: string; signature: string } },
): Promise<void> {
  const { guard, ...opened } = await postJson<Session & { guard: string }>('/api/v1/session', given)
  localStorage.setItem(GUARD, guard)
  endedWhy.value = null
  session.value = opened
}

export async function signOut(): Promise<void> {
  await postJson('/api/v1/session/end', {}).catch(() => null)
  localStorage.removeItem(GUARD)
  forgetKept()
  session.value = null
}

/** Saves bytes as a file of the reader. */
export function saveFile(name: string, content: Blob): void {
  const link = document.createElement('a')
  const url = URL.createObjectURL(content)
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
