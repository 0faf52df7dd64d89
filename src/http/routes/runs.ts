import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { cancelRun } from '../../service/runs/cancel.ts'
import { explainRun } from '../../service/runs/explain.ts'
import { exportRunBundle } from '../../service/runs/export.ts'
import { followRun } from '../../service/runs/follow.ts'
import { readRunHistory } from '../../service/runs/history.ts'
import { listRuns } from '../../service/runs/list.ts'
import { readRunPlan } from '../../service/runs/plan.ts'
import { resumeRun } from '../../service/runs/resume.ts'
import { retryRun } from '../../service/runs/retry.ts'
import type { RunAnswer } from '../../service/runs/run-answer.ts'
import { showRun } from '../../service/runs/show.ts'
import { startRun } from '../../service/runs/start.ts'
import { endpoint, type Reply } from '../endpoint.ts'
import { endOfStream, eventStream, readLastEventId } from '../event-stream.ts'

const text = z.string()
const run = { run: text.describe('The id, or a unique prefix or suffix of it.') }
const by = text.optional().describe('May only repeat the name of the token.')
const time = z.iso.datetime({ offset: true }).transform((given) => new Date(given).toISOString())
const flag = z.enum(['true', 'false']).default('false')

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

const READS = [
  endpoint('get', '/api/v1/runs', {
    summary: 'Lists runs, newest first. The header Link names the next page.',
    answer: 'run-list',
    query: {
      status: z.enum(['working', 'paused', 'stopped', 'closed']).optional(),
      machine: text.optional(),
      mode: z.enum(['dry-run', 'live']).optional(),
      document: text.optional(),
      target: text.optional(),
      host: text.optional(),
      gate: text.optional(),
      approver: text.optional(),
      operator: text.optional(),
      since: time.optional(),
      until: time.optional(),
      text: text.optional(),
      limit: z.coerce.number().int().min(1).max(500).default(50),
      cursor: text.optional(),
    },
    async reply({ home, query }) {
      const { runs, next } = await listRuns(home, query)
      if (next === null) return { content: runs }
      const given = Object.entries({ ...query, cursor: next }).filter(([, value]) => value !== undefined)
      const page = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]))
      return { content: runs, headers: { link: `</api/v1/runs?${page}>; rel="next"` } }
    },
  }),
  endpoint('get', '/api/v1/runs/{run}', {
    summary: 'Shows a run',
    answer: 'run-shown',
    params: run,
    reply: async ({ home, params }) => ({ content: (await showRun(home, params)).run }),
  }),
  endpoint('get', '/api/v1/runs/{run}/history', {
    summary: 'The history of a run',
    answer: 'history',
    params: run,
    query: { verify: flag.describe('Checks chain, replay and evidence first.') },
    async reply({ home, params, query }) {
      const { entries } = await readRunHistory(home, { ...params, verify: query.verify === 'true' })
      return { content: entries }
    },
  }),
  endpoint('get', '/api/v1/runs/{run}/plan', {
    summary: 'The plan of a run, in the bytes whose SHA-256 is planDigest; or as Markdown for people',
    answer: 'plan',
    params: run,
    query: {
      format: z.enum(['json', 'markdown']).default('json'),
      page: z.coerce.number().int().min(1).optional(),
      pageSize: z.coerce.number().int().min(1).max(1_000).default(50),
    },
    async reply({ home, params, query }) {
      const content = await readRunPlan(home, { ...params, ...query })
      return { content, type: query.format === 'json' ? 'application/json' : 'text/markdown; charset=utf-8' }
    },
  }),
  endpoint('get', '/api/v1/runs/{run}/explain', {
    summary: 'What a run waits for, who could give it, and what would happen then',
    answer: 'explanation',
    params: run,
    reply: async ({ home, params }) => ({ content: await explainRun(home, params) }),
  }),
  endpoint('get', '/api/v1/runs/{run}/events', {
    summary: 'Server-sent events: the entries of a run, from Last-Event-ID on and as they are saved',
    answer: 'text/event-stream',
    params: run,
    async reply({ home, params, lastEventId, assertTokenCounts }) {
      const after = readLastEventId(lastEventId)
      const { runId, entries } = await followRun(home, { ...params, after }, endOfStream())
      return { content: eventStream(runId, entries, assertTokenCounts), type: 'text/event-stream' }
    },
  }),
  endpoint('get', '/api/v1/runs/{run}/bundle', {
    summary: 'The evidence bundle of a run',
    answer: 'application/x-tar',
    params: run,
    async reply({ home, params }) {
      let content = Buffer.alloc(0)
      const take = async (file: string) => {
        content = await readFile(file)
      }
      const { runId, digest } = await exportRunBundle(home, { ...params, out: take })
      const headers = { 'content-disposition': `attachment; filename="${runId}.tar"`, etag: `"${digest}"` }
      return { content, type: 'application/x-tar', headers }
    },
  }),
]

/** Runs: what is read of them, and what moves them. */
export const RUN_ENDPOINTS = [
  ...READS,
  endpoint('post', '/api/v1/runs', {
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
    summary: 'Resumes a run: with an approval at a gate, or after a stop',
    answer: 'run',
    params: run,
    query: wait,
    body: { approval: text.optional(), by },
    reply: async ({ home, params, body, query, works }) =>
      inMotion(await works(resumeRun(home, { ...params, ...body }), query.wait), 200),
  }),
  endpoint('post', '/api/v1/runs/{run}/retry', {
    summary: 'Resumes a stopped or interrupted run without an approval',
    answer: 'run',
    params: run,
    query: wait,
    body: { by },
    reply: async ({ home, params, body, query, works }) =>
      inMotion(await works(retryRun(home, { ...params, ...body }), query.wait), 200),
  }),
  endpoint('post', '/api/v1/runs/{run}/cancel', {
    summary: 'Closes a run as cancelled',
    answer: 'run',
    params: run,
    query: wait,
    body: { reason: text, by },
    reply: async ({ home, params, body, query, works }) =>
      inMotion(await works(cancelRun(home, { ...params, ...body }), query.wait), 200),
  }),
]
