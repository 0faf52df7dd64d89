import { z } from 'zod'
import { decision } from '../../service/answers/parts.ts'
import { composeCloseoutStatement, importCountersignature } from '../../service/approvals/countersign.ts'
import { importApproval } from '../../service/approvals/import.ts'
import { listApprovals } from '../../service/approvals/list.ts'
import { rehearseApproval } from '../../service/approvals/rehearse.ts'
import { showApproval } from '../../service/approvals/show.ts'
import { composeApproval } from '../../service/approvals/statement.ts'
import { endpoint } from '../endpoint.ts'

const text = z.string()
const run = { run: text }
const words = { as: text, decision: decision.default('approve'), reason: text.default('') }

/** Approvals. None is made here: a statement is signed by an approver, elsewhere, and brought. */
export const APPROVAL_ENDPOINTS = [
  endpoint('get', '/api/v1/approvals', {
    summary: 'Lists approvals, oldest first',
    answer: 'approval-list',
    query: { run: text.optional() },
    reply: async ({ home, query }) => ({ content: await listApprovals(home, query) }),
  }),
  endpoint('get', '/api/v1/approvals/{approvalId}', {
    summary: 'Shows an approval with its statement and signature',
    answer: 'approval-shown',
    params: { approvalId: text },
    reply: async ({ home, params }) => ({ content: await showApproval(home, params) }),
  }),
  endpoint('post', '/api/v1/runs/{run}/statement', {
    summary:
      'Composes the bytes to sign for a decision on the plan at which a run waits, or to abandon a run',
    answer: 'text/plain',
    params: run,
    body: words,
    async reply({ home, params, body }) {
      return {
        content: await composeApproval(home, { ...params, ...body }),
        type: 'text/plain; charset=utf-8',
      }
    },
  }),
  endpoint('post', '/api/v1/approvals', {
    deed: 'import approvals',
    summary: 'Imports an approval that was signed elsewhere. The signature decides, whoever brings it.',
    answer: 'approval',
    status: 201,
    body: {
      statement: text.describe('The signed bytes, as a text.'),
      signature: text.describe('What ssh-keygen -Y sign made of them.'),
    },
    async reply({ home, body }) {
      const kept = await importApproval(home, {
        statement: { text: body.statement },
        signature: { text: body.signature },
      })
      return { content: { ...kept.approval, warning: kept.warning } }
    },
  }),
  endpoint('post', '/api/v1/runs/{run}/rehearsals', {
    deed: 'make rehearsal approvals',
    summary: 'Makes a rehearsal approval, which counts in dry runs only',
    answer: 'approval',
    status: 201,
    params: run,
    body: { ...words, as: text.default('rehearsal') },
    reply: async ({ home, params, body }) => ({
      content: await rehearseApproval(home, { ...params, ...body }),
    }),
  }),
  endpoint('post', '/api/v1/runs/{run}/closeout/statement', {
    deed: 'import countersignatures',
    summary: 'Composes the bytes to sign to countersign the closeout of a closed run',
    answer: 'text/plain',
    params: run,
    body: { as: text },
    async reply({ home, params, body }) {
      return {
        content: await composeCloseoutStatement(home, { ...params, ...body }),
        type: 'text/plain; charset=utf-8',
      }
    },
  }),
  endpoint('post', '/api/v1/runs/{run}/closeout/signatures', {
    deed: 'import countersignatures',
    summary:
      'Keeps a countersignature of a closeout that was signed elsewhere, in the namespace cutter.closeout. The signature decides, whoever brings it.',
    answer: 'countersignature',
    status: 201,
    params: run,
    body: {
      statement: text.describe('The signed bytes, as a text.'),
      signature: text.describe('What ssh-keygen -Y sign made of them.'),
    },
    async reply({ home, params, body }) {
      const { closeout, warnings } = await importCountersignature(home, {
        ...params,
        statement: { text: body.statement },
        signature: { text: body.signature },
      })
      return { content: { ...closeout, warning: warnings[0] ?? null } }
    },
  }),
]
