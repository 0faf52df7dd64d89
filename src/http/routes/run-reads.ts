import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { listEvidence, readEvidence } from '../../service/runs/evidence.ts'
import { explainRun } from '../../service/runs/explain.ts'
import { exportRunBundle } from '../../service/runs/export.ts'
import { followRun } from '../../service/runs/follow.ts'
import { drawRun } from '../../service/runs/graph.ts'
import { readRunHistory } from '../../service/runs/history.ts'
import { listRuns } from '../../service/runs/list.ts'
import { readRunPlan } from '../../service/runs/plan.ts'
import { listReports, readReport } from '../../service/runs/read-report.ts'
import { showRun } from '../../service/runs/show.ts'
import { AWAITED, waitForRun } from '../../service/runs/wait.ts'
import { endpoint } from '../endpoint.ts'
import { endOfStream, eventStream, noEventError, readLastEventId } from '../event-stream.ts'

const text = z.string()
const run = { run: text.describe('The id, or a unique prefix or suffix of it.') }
const time = z.iso.datetime({ offset: true }).transform((given) => new Date(given).toISOString())
const flag = z.enum(['true', 'false']).default('false')

/** What is read of runs. */
export const RUN_READS = [
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
  endpoint('get', '/api/v1/runs/{run}/wait', {
    summary:
      'Waits until a run comes to a gate, closes or rests, and answers it; 202 when the time was over before',
    answer: 'run',
    params: run,
    query: {
      for: z.enum(AWAITED).default('rest'),
      timeout: z.coerce.number().min(0).max(50).default(50).describe('Seconds.'),
    },
    async reply({ home, params, query }) {
      const { run, arrived } = await waitForRun(home, {
        ...params,
        for: query.for,
        ms: query.timeout * 1_000,
      })
      return { content: run, status: arrived ? 200 : 202 }
    },
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
    query: {
      offline: flag.describe('Answers as the run last saw the world, and asks no target and no host.'),
    },
    reply: async ({ home, params, query }) => ({
      content: await explainRun(home, { ...params, offline: query.offline === 'true' }),
    }),
  }),
  endpoint('get', '/api/v1/runs/{run}/graph', {
    summary: 'The machine of a run as a Mermaid diagram, with its state marked',
    answer: 'graph',
    params: run,
    reply: async ({ home, params }) => ({ content: (await drawRun(home, params)).graph }),
  }),
  endpoint('get', '/api/v1/runs/{run}/events', {
    summary: 'Server-sent events: the entries of a run, from Last-Event-ID on and as they are saved',
    answer: 'text/event-stream',
    params: run,
    isStream: true,
    async reply({ home, params, lastEventId, assertTokenCounts }) {
      const last = readLastEventId(lastEventId)
      const { runId, entries } = await followRun(home, { ...params, after: last?.seq ?? 0 }, endOfStream())
      if (last !== null && last.runId !== runId) throw noEventError()
      return { content: eventStream(entries, assertTokenCounts), type: 'text/event-stream' }
    },
  }),
  endpoint('get', '/api/v1/runs/{run}/evidence', {
    summary: 'Lists the evidence of a run',
    answer: 'evidence-list',
    params: run,
    reply: async ({ home, params }) => ({ content: await listEvidence(home, params) }),
  }),
  endpoint('get', '/api/v1/runs/{run}/evidence/{digest}', {
    summary: 'The bytes of evidence, by its digest',
    answer: 'application/octet-stream',
    params: { ...run, digest: text },
    async reply({ home, params }) {
      const headers = { 'content-disposition': 'attachment', etag: `"${params.digest}"` }
      return { content: await readEvidence(home, params), type: 'application/octet-stream', headers }
    },
  }),
  endpoint('get', '/api/v1/runs/{run}/reports', {
    summary: 'Makes the reports of a run that rests, and lists their names',
    answer: 'report-list',
    params: run,
    reply: async ({ home, params }) => ({ content: await listReports(home, params) }),
  }),
  endpoint('get', '/api/v1/runs/{run}/reports/{name}', {
    summary: 'A report of a run, as Markdown or as JSON',
    answer: 'text/markdown',
    params: { ...run, name: text },
    query: { format: z.enum(['markdown', 'json']).default('markdown') },
    async reply({ home, params, query }) {
      const type = query.format === 'json' ? 'application/json' : 'text/markdown; charset=utf-8'
      return { content: await readReport(home, { ...params, ...query }), type }
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
