import { signal } from '@preact/signals'
import type { Problem, Session } from './answers.ts'
import { forgetKept } from './kept-answers.ts'

/** The name under which the browser keeps the guard of its session. Only pages of this origin can read it. */
const GUARD = 'cutter-guard'

/** Who is signed in; null before sign-in, undefined while nobody knows yet. */
export const session = signal<Session | null | undefined>(undefined)

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
    const detail = 'the service can’t be reached; nothing was sent'
    throw new ApiError({ status: 0, code: 'OFFLINE', detail, next: 'check that cutter serve runs' })
  }
  if (response.ok) return response
  if (response.status === 401) session.value = null
  throw new ApiError(await problemOf(response))
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    return (await response.json()) as Problem
  } catch {
    return { status: response.status, code: 'INTERNAL', detail: `the service answered ${response.status}` }
  }
}

export const getJson = async <T>(path: string): Promise<T> => (await (await request(path)).json()) as T

const jsonInit = (body: unknown) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

export const postJson = async <T>(path: string, body: unknown): Promise<T> =>
  (await (await request(path, jsonInit(body))).json()) as T

export const getText = async (path: string): Promise<string> => (await request(path)).text()

export const postForText = async (path: string, body: unknown): Promise<string> =>
  (await request(path, jsonInit(body))).text()

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
