import { z } from 'zod'
import type { TokenScope } from '../../domain/token.ts'
import { sessionCookie } from '../browser.ts'
import { endpoint } from '../endpoint.ts'

const answerOf = ({ name, role, machines, runId }: TokenScope) => ({ name, role, machines, runId })

/** Sessions of the page: a token is shown once, and a cookie that no script reads stands for it. */
export const SESSION_ENDPOINTS = [
  endpoint('get', '/api/v1/session', {
    summary: 'Who calls, and what the token reaches',
    answer: 'session',
    reply: async ({ caller }) => ({ content: answerOf(caller!) }),
  }),
  endpoint('post', '/api/v1/session', {
    summary: 'Opens a session for a browser, by a token or by the code of a sign-in link',
    answer: 'session-opened',
    status: 201,
    isPublic: true,
    body: {
      token: z.string().max(200).optional(),
      code: z.string().max(200).optional().describe('Counts once, instead of a token.'),
    },
    async reply({ service, body, browser }) {
      const token = body.code === undefined ? (body.token ?? '') : service.sessions.takeCode(body.code)
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
