import { type Endpoint, endpoint } from './endpoint.ts'
import { describeApi } from './openapi.ts'
import { SERVICE_ENDPOINTS } from './routes/service.ts'
import { TOKEN_ENDPOINTS } from './routes/tokens.ts'

/** Every path of the service. */
export const ENDPOINTS: Endpoint[] = [
  ...SERVICE_ENDPOINTS,
  endpoint('get', '/openapi.json', {
    summary: 'This description',
    answer: 'openapi',
    isPublic: true,
    reply: async () => ({ content: describeApi(ENDPOINTS) }),
  }),
  ...TOKEN_ENDPOINTS,
]
