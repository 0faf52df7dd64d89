import { endpoint } from '../endpoint.ts'
import { RequestError } from '../problem.ts'

/** Whether the service lives and can work, and how much it does. */
export const SERVICE_ENDPOINTS = [
  endpoint('get', '/healthz', {
    summary: 'Whether the process lives',
    answer: 'health',
    isPublic: true,
    reply: async () => ({ content: { status: 'ok' } }),
  }),
  endpoint('get', '/readyz', {
    summary: 'Whether the service can work',
    answer: 'health',
    isPublic: true,
    reply: async ({ service }) => {
      if (await service.isReady()) return { content: { status: 'ok' } }
      throw new RequestError(503, 'the service ends, or can’t reach its store', 'ask again later')
    },
  }),
  endpoint('get', '/metrics', {
    deed: 'read metrics',
    summary: 'What the service does and holds, as Prometheus reads it',
    answer: 'text/plain',
    reply: async ({ home, service: { metrics } }) => ({
      content: await metrics.read(home),
      type: metrics.type,
    }),
  }),
]
