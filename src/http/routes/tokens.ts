import { z } from 'zod'
import { ROLES } from '../../domain/token.ts'
import { createToken } from '../../service/tokens/create.ts'
import { listTokens } from '../../service/tokens/list.ts'
import { revokeToken } from '../../service/tokens/revoke.ts'
import { endpoint } from '../endpoint.ts'

const by = z.string().optional()

/** Tokens of callers. */
export const TOKEN_ENDPOINTS = [
  endpoint('get', '/api/v1/tokens', {
    deed: 'list tokens',
    summary: 'Lists all tokens, without the tokens themselves',
    answer: 'token-list',
    reply: async ({ home }) => ({ content: await listTokens(home) }),
  }),
  endpoint('post', '/api/v1/tokens', {
    deed: 'make tokens',
    summary: 'Makes a token',
    answer: 'token-created',
    status: 201,
    body: {
      name: z.string(),
      role: z.enum(ROLES),
      expires: z.string().default('30d'),
      machines: z.array(z.string()).optional(),
      run: z.string().optional(),
      by,
    },
    reply: async ({ home, body }) => ({ content: await createToken(home, body) }),
  }),
  endpoint('post', '/api/v1/tokens/{token}/revoke', {
    deed: 'revoke tokens',
    summary: 'Revokes a token',
    answer: 'token',
    params: { token: z.string() },
    body: { by },
    reply: async ({ home, params, body }) => ({ content: await revokeToken(home, { ...params, ...body }) }),
  }),
]
