import { z } from 'zod'
import { examineRuns } from '../../service/doctor/open-runs.ts'
import { disableExecution } from '../../service/execution/disable.ts'
import { enableExecution } from '../../service/execution/enable.ts'
import { readExecution } from '../../service/execution/status.ts'
import { liftHold } from '../../service/holds/off.ts'
import { holdAll } from '../../service/holds/on.ts'
import { releaseRun } from '../../service/holds/release.ts'
import { readHold } from '../../service/holds/status.ts'
import { listMachines } from '../../service/machines/list.ts'
import { readTargetGrants } from '../../service/targets/grants.ts'
import { listTargets } from '../../service/targets/list.ts'
import { surveyTarget } from '../../service/targets/survey.ts'
import { endpoint } from '../endpoint.ts'

const text = z.string()
const by = text.optional()
const target = { target: text }

/** What belongs to the home and not to a run: machines, targets, the hold and the execution switch. */
export const INSTANCE_ENDPOINTS = [
  endpoint('get', '/api/v1/machines', {
    deed: 'list machines',
    summary: 'Lists machines',
    answer: 'machine-list',
    reply: async ({ home }) => ({ content: await listMachines(home) }),
  }),
  endpoint('get', '/api/v1/prospects', {
    deed: 'examine runs',
    summary: 'What continues each open run, and whether that can still happen',
    answer: 'doctor-runs',
    reply: async ({ home }) => ({ content: await examineRuns(home) }),
  }),
  endpoint('get', '/api/v1/targets', {
    deed: 'read targets',
    summary: 'Lists the databases that can be named as a target',
    answer: 'target-list',
    reply: async ({ home }) => ({ content: await listTargets(home) }),
  }),
  endpoint('get', '/api/v1/targets/{target}/survey', {
    deed: 'read targets',
    summary: 'What a run would see of a target',
    answer: 'target-survey',
    params: target,
    query: { document: text.default('') },
    reply: async ({ home, params, query }) => ({
      content: await surveyTarget(home, { ...params, ...query }),
    }),
  }),
  endpoint('get', '/api/v1/targets/{target}/grants', {
    deed: 'read targets',
    summary: 'What each role may do in a target',
    answer: 'target-grants',
    params: target,
    reply: async ({ home, params }) => ({ content: (await readTargetGrants(home, params)).grants }),
  }),
  endpoint('get', '/api/v1/execution', {
    deed: 'read the execution switch',
    summary: 'Whether live writes are allowed now',
    answer: 'execution',
    reply: async ({ home }) => ({ content: await readExecution(home) }),
  }),
  endpoint('post', '/api/v1/execution/enable', {
    deed: 'allow live writes',
    summary: 'Allows live writes for a time',
    answer: 'execution',
    body: { for: text, reason: text, by },
    reply: async ({ home, body }) => ({ content: await enableExecution(home, body) }),
  }),
  endpoint('post', '/api/v1/execution/disable', {
    deed: 'switch live writes off',
    summary: 'Forbids live writes at once',
    answer: 'execution',
    body: { reason: text, by },
    reply: async ({ home, body }) => ({ content: await disableExecution(home, body) }),
  }),
  endpoint('get', '/api/v1/hold', {
    deed: 'read the hold',
    summary: 'Whether a hold is on, and which runs were released from it',
    answer: 'hold',
    reply: async ({ home }) => ({ content: await readHold(home) }),
  }),
  endpoint('post', '/api/v1/hold/on', {
    deed: 'switch the hold on',
    summary: 'Switches the hold on: nothing starts or continues',
    answer: 'hold',
    body: { reason: text, by },
    reply: async ({ home, body }) => ({ content: await holdAll(home, body) }),
  }),
  endpoint('post', '/api/v1/hold/off', {
    deed: 'switch the hold off',
    summary: 'Switches the hold off',
    answer: 'hold',
    body: { reason: text.optional(), by },
    reply: async ({ home, body }) => ({ content: await liftHold(home, body) }),
  }),
  endpoint('post', '/api/v1/hold/release/{run}', {
    deed: 'release a run from the hold',
    summary: 'Releases one run from the hold',
    answer: 'hold',
    params: { run: text },
    body: { reason: text.optional(), by },
    reply: async ({ home, params, body }) => ({ content: await releaseRun(home, { ...params, ...body }) }),
  }),
]
