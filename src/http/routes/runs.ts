import { z } from 'zod'
import { abandonRun } from '../../service/runs/abandon.ts'
import { cancelRun } from '../../service/runs/cancel.ts'
import { resumeRun } from '../../service/runs/resume.ts'
import { retryRun } from '../../service/runs/retry.ts'
import { rollbackRun } from '../../service/runs/rollback.ts'
import type { RunAnswer } from '../../service/runs/run-answer.ts'
import { startRun } from '../../service/runs/start.ts'
import { voidRun } from '../../service/runs/void.ts'
import { endpoint, type Reply } from '../endpoint.ts'

const text = z.string()
const run = { run: text.describe('The id, or a unique prefix or suffix of it.') }
const by = text.optional().describe('May only repeat the name of the token.')

/** A run that may still be at work when it is answered. */
const wait = {
  wait: z.coerce
    .number()
    .min(0)
    .max(50)
    .default(30)
    .describe('Seconds after which the run is answered as it is, although it still works.'),
}
const inMotion = (answer: RunAnswer, settled: 200 | 201): Reply => ({
  status: answer.status === 'working' ? 202 : settled,
  headers: { location: `/api/v1/runs/${answer.runId}` },
  content: answer,
})

/** What starts and moves runs. */
export const RUN_ENDPOINTS = [
  endpoint('post', '/api/v1/runs', {
    deed: 'start runs',
    summary: 'Starts a run. 202 when it still works after `wait` seconds.',
    answer: 'run',
    status: 201,
    query: wait,
    body: {
      machine: text.describe('A shipped machine, or a name in cutter.yaml.'),
      input: z
        .record(text, z.json())
        .default({})
        .describe('A file is named as upload:<sha256>, or below a folder of inputs.'),
      mode: z.enum(['dry-run', 'live']).default('dry-run'),
      key: text
        .optional()
        .describe('The same key and input always return the same run. As the header Idempotency-Key.'),
      by,
    },
    async reply({ home, body, query, key, works }) {
      const started = startRun(home, { ...body, key: body.key ?? key })
      return inMotion(await works(started, query.wait), 201)
    },
  }),
  endpoint('post', '/api/v1/runs/{run}/resume', {
    deed: 'resume runs',
    summary: 'Resumes a run: with an approval at a gate, or after a stop',
    answer: 'run',
    params: run,
    query: wait,
    body: { approval: text.optional(), by },
    reply: async ({ home, params, body, query, works }) =>
      inMotion(await works(resumeRun(home, { ...params, ...body }), query.wait), 200),
  }),
  endpoint('post', '/api/v1/runs/{run}/retry', {
    deed: 'resume runs',
    summary: 'Resumes a stopped or interrupted run without an approval',
    answer: 'run',
    params: run,
    query: wait,
    body: { by },
    reply: async ({ home, params, body, query, works }) =>
      inMotion(await works(retryRun(home, { ...params, ...body }), query.wait), 200),
  }),
  endpoint('post', '/api/v1/runs/{run}/cancel', {
    deed: 'cancel runs',
    summary: 'Closes a run as cancelled',
    answer: 'run',
    params: run,
    query: wait,
    body: { reason: text, by },
    reply: async ({ home, params, body, query, works }) =>
      inMotion(await works(cancelRun(home, { ...params, ...body }), query.wait), 200),
  }),
  endpoint('post', '/api/v1/runs/{run}/void', {
    deed: 'void runs',
    summary:
      'Voids a run at its gate by an imported approval with that decision; a dry run needs a reason alone',
    answer: 'run',
    params: run,
    query: wait,
    body: { approval: text.optional(), reason: text.default(''), by },
    reply: async ({ home, params, body, query, works }) =>
      inMotion(await works(voidRun(home, { ...params, ...body }), query.wait), 200),
  }),
  endpoint('post', '/api/v1/runs/{run}/rollback', {
    deed: 'start runs',
    summary: 'Starts a run that takes a closed deploy back',
    answer: 'run',
    status: 201,
    params: run,
    query: wait,
    body: {
      to: text.optional().describe('The release to which the pointer goes instead.'),
      host: text.optional().describe('Host of a staging folder whose run this home does not know.'),
      staging: text.optional().describe('That folder.'),
      mode: z.enum(['dry-run', 'live']).default('dry-run'),
      key: text.optional(),
      by,
    },
    reply: async ({ home, params, body, query, key, works }) => {
      const started = rollbackRun(home, { ...params, ...body, key: body.key ?? key })
      return inMotion(await works(started, query.wait), 201)
    },
  }),
  endpoint('post', '/api/v1/runs/{run}/abandon', {
    deed: 'abandon runs',
    summary: 'Closes a run that cannot be settled as abandoned. A live run needs a signed statement.',
    answer: 'run',
    params: run,
    query: wait,
    body: {
      approval: text
        .optional()
        .describe('A statement with the decision abandon. Left out: a dry run makes a rehearsal.'),
      reason: text.optional().describe('For the rehearsal of a dry run.'),
      by,
    },
    reply: async ({ home, params, body, query, works }) =>
      inMotion(await works(abandonRun(home, { ...params, ...body }), query.wait), 200),
  }),
]
