import { z } from 'zod'
import { readInbox } from '../../service/inbox.ts'
import { readGateAhead } from '../../service/page/gate-ahead.ts'
import { readPasskeyIds } from '../../service/page/passkey-ids.ts'
import { readPlanChanges } from '../../service/page/plan-changes.ts'
import { readRunChart } from '../../service/page/run-chart.ts'
import { layoutChart } from '../chart-layout.ts'
import { endpoint } from '../endpoint.ts'

const run = { run: z.string().describe('The id, or a unique prefix or suffix of it.') }

/** What the page shows and no command prints. */
export const PAGE_ENDPOINTS = [
  endpoint('get', '/api/v1/inbox', {
    summary: 'What waits for people: final gates first, then other gates, then stopped runs',
    answer: 'inbox',
    query: { cursor: z.string().optional().describe('Continues an earlier answer: its `next`.') },
    reply: async ({ home, query }) => ({ content: await readInbox(home, query) }),
  }),
  endpoint('get', '/api/v1/runs/{run}/chart', {
    summary: 'The chart of a run’s machine, laid out, with its state and the path that it took',
    answer: 'run-chart',
    params: run,
    async reply({ home, params }) {
      const { definitionDigest, nodes, edges, initial, ...chart } = await readRunChart(home, params)
      return { content: { ...chart, ...layoutChart({ definitionDigest, nodes, edges }) } }
    },
  }),
  endpoint('get', '/api/v1/runs/{run}/ahead', {
    summary: 'What would happen after an approval now, and how each write is taken back',
    answer: 'ahead-of-gate',
    params: run,
    reply: async ({ home, params }) => ({ content: await readGateAhead(home, params) }),
  }),
  endpoint('get', '/api/v1/passkeys', {
    summary: 'For which RP ids passkeys count',
    answer: 'passkey-ids',
    reply: async ({ home }) => ({ content: await readPasskeyIds(home) }),
  }),
  endpoint('get', '/api/v1/runs/{run}/plan/changes', {
    summary: 'How the plan differs from the one with which the run came to this gate before',
    answer: 'plan-changes',
    params: run,
    reply: async ({ home, params }) => ({ content: await readPlanChanges(home, params) }),
  }),
]
