import { type Endpoint, endpoint } from './endpoint.ts'
import { describeApi } from './openapi.ts'
import { APPROVAL_ENDPOINTS } from './routes/approvals.ts'
import { COMMAND_LINE_ENDPOINTS } from './routes/command-line.ts'
import { DOCUMENT_ENDPOINTS } from './routes/documents.ts'
import { EVENT_ENDPOINTS } from './routes/events.ts'
import { INSTANCE_ENDPOINTS } from './routes/instance.ts'
import { PAGE_ENDPOINTS } from './routes/page.ts'
import { RUN_READS } from './routes/run-reads.ts'
import { RUN_ENDPOINTS } from './routes/runs.ts'
import { SERVICE_ENDPOINTS } from './routes/service.ts'
import { SESSION_ENDPOINTS } from './routes/session.ts'
import { TOKEN_ENDPOINTS } from './routes/tokens.ts'
import { UPLOAD_ENDPOINTS } from './routes/uploads.ts'

/** Every path of the service. */
export const ENDPOINTS: Endpoint[] = [
  ...SERVICE_ENDPOINTS,
  endpoint('get', '/openapi.json', {
    summary: 'This description',
    answer: 'openapi',
    isPublic: true,
    reply: async () => ({ content: describeApi(ENDPOINTS) }),
  }),
  ...SESSION_ENDPOINTS,
  ...RUN_READS,
  ...RUN_ENDPOINTS,
  ...EVENT_ENDPOINTS,
  ...PAGE_ENDPOINTS,
  ...APPROVAL_ENDPOINTS,
  ...UPLOAD_ENDPOINTS,
  ...DOCUMENT_ENDPOINTS,
  ...INSTANCE_ENDPOINTS,
  ...TOKEN_ENDPOINTS,
  ...COMMAND_LINE_ENDPOINTS,
]
