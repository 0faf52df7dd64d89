import { z } from 'zod'
import type { TokenScope } from '../../domain/token.ts'
import { type Browser, sessionCookie } from '../browser.ts'
import { endpoint } from '../endpoint.ts'
import { RequestError } from '../problem.ts'

const answerOf = ({ name, role, machines, runId }: TokenScope) => ({ name, role, machines, runId })

/**
 * The page for which a passkey signs. assertOwnSite has compared it with the service's own.
 * @throws RequestError 403
 */
function originOf({ origin }: Browser): string {
  if (origin !== null) return origin
  throw new RequestError(
    403,
    'a passkey signs in on the page only, and the request has no Origin; nothing was done',
    'send a token in the header Authorization',
  )
}

/** Sessions of the page: a token is shown once, and a cookie that no script reads stands for it. */
export const SESSION_ENDPOINTS = [
  endpoint('get', '/api/v1/session', {
    summary: 'Who calls, and what the token reaches',
    answer: 'session',
    reply: async ({ caller }) => ({ content: answerOf(caller!) }),
  }),
  endpoint('post', '/api/v1/session/statement', {
    summary: 'The bytes that a passkey signs to sign in, for the namespace cutter.sign-in',
    answer: 'application/json',
    isPublic: true,
    body: { principal: z.string().min(1).max(200) },
    reply: async ({ service, body, browser }) => ({
      content: Buffer.from(service.passkeys.ask(body.principal, originOf(browser))),
      type: 'application/json',
    }),
  }),
  endpoint('post', '/api/v1/session', {
    summary: 'Opens a session for a browser, by a token, the code of a sign-in link, or a passkey',
    answer: 'session-opened',
    status: 201,
    isPublic: true,
    body: {
      token: z.string().max(200).optional(),
      code: z.string().max(200).optional().describe('Counts once, instead of a token.'),
      passkey: z
        .strictObject({ statement: z.string().max(2_000), signature: z.string().max(20_000) })
        .optional()
        .describe('A signed statement instead of a token. The session only reads.'),
    },
    async reply({ service, body, browser }) {
      const token =
        body.passkey !== undefined
          ? await service.passkeys.accept(body.passkey, originOf(browser))
          : body.code === undefined
            ? (body.token ?? '')
            : service.sessions.takeCode(body.code)
      const authorization = `Bearer ${token}`
      const caller = await service.authenticate(authorization)
      const { cookie, guard } = service.sessions.open(authorization)
      return {
        content: { ...answerOf(caller), guard },
        headers: { 'set-cookie': sessionCookie(browser, cookie) },
      }
    },
  }),
  endpoint('post', '/api/v1/session/end', {
    summary: 'Ends the session of a browser',
    answer: 'session',
    async reply({ service, caller, browser }) {
      if (browser.session !== null) service.sessions.end(browser.session)
      return { content: answerOf(caller!), headers: { 'set-cookie': sessionCookie(browser, '') } }
    },
  }),
]
