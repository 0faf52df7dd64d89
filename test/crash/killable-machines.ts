/**
 * Machines of an author whose writes can be killed in their middle, as module sources. Each adds lines to the file `units` of its folder, one for
 * each write of a run. A write makes the file `begun`, and while there is a file `hang` it does not return.
 */

const HEAD = `
import { spawn } from 'node:child_process'
import { appendFileSync, copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { chart, closed, defineMachine, gated, planOf, readEffect, stopped, success, work, writeEffect } from 'cutter'
import { z } from 'zod'
const input = z.object({ folder: z.string() })
const linesIn = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '').split('\\n').filter((line) => line !== '')
const hang = async (folder) => {
  writeFileSync(folder + '/begun', '')
  while (existsSync(folder + '/hang')) await sleep(20)
}
const plan = readEffect({ name: 'plan', input, execute: async (_, { folder }) => planOf('SG1', { folder, units: linesIn(folder + '/units') }) })
const answer = (done) => (done ? { outcome: 'committed', output: {} } : { outcome: 'not-committed' })
const shell = (folder, script, ...words) => {
  const child = spawn('sh', ['-c', script, 'sh', ...words], { cwd: folder, stdio: 'ignore' })
  return new Promise((done, fail) => child.once('error', fail).once('close', (code) => (code === 0 ? done() : fail(new Error('exit code ' + code)))))
}
`

/** Writes the first half into a file next to it, and the other half after the middle. */
const HALVES = `
const execute = async ({ runId, seq }, { folder }) => {
  const file = folder + '/units'
  if (existsSync(file)) copyFileSync(file, file + '.new')
  else writeFileSync(file + '.new', '')
  appendFileSync(file + '.new', runId)
  await hang(folder)
  appendFileSync(file + '.new', ' ' + seq + '\\n')
  renameSync(file + '.new', file)
  return { output: {} }
}
const probe = async ({ runId, seq }, { folder }) => answer(linesIn(folder + '/units').includes(runId + ' ' + seq))
`

/** Leaves the write to a process of its own, which works on when Cutter is killed. It holds a lock, for which the probe waits. */
const CHILD = `
const execute = async ({ runId, seq }, { folder }) => {
  await shell(folder, 'exec 9>lock; flock 9; touch begun; sleep 1; printf "%s\\\\n" "$1" >> units', runId + ' ' + seq)
  return { output: {} }
}
const probe = async ({ runId, seq }, { folder }) => {
  await shell(folder, 'exec 9>lock; flock 9')
  return answer(linesIn(folder + '/units').includes(runId + ' ' + seq))
}
`

/** Hangs after all of the write is done. */
const DONE = `
const execute = async ({ runId, seq }, { folder }) => {
  appendFileSync(folder + '/units', runId + ' ' + seq + '\\n')
  await hang(folder)
  return { output: {} }
}
const probe = async ({ runId, seq }, { folder }) => answer(linesIn(folder + '/units').includes(runId + ' ' + seq))
`

const ONE_GATE = `
const effects = [plan]
const milestones = {
  PENDING: work('plan', 'AWAITING'),
  AWAITING: gated('SG1', { recheck: 'plan', work: 'add', next: 'CLOSEOUT_REPORTED' }),
}
`

/** Comes to its gate once more after the first write. */
const SAME_GATE_TWICE = `
const survey = readEffect({
  name: 'survey',
  input,
  execute: async (_, { folder }) => {
    const units = linesIn(folder + '/units')
    const next = planOf('SG1', { folder, units })
    return { ...next, output: { ...next.output, isEnough: units.length === 2 } }
  },
})
const effects = [plan, survey]
const all = ({ context }) => context.input
const milestones = {
  PENDING: work('plan', 'AWAITING'),
  AWAITING: gated('SG1', { recheck: 'plan', work: 'add', next: 'ADDED' }),
  ADDED: {
    initial: 'working',
    states: {
      working: {
        invoke: {
          id: 'survey',
          src: 'survey',
          input: all,
          onDone: [
            { guard: ({ event }) => event.output.isEnough, target: '#CLOSEOUT_REPORTED', actions: 'learn' },
            { target: '#AWAITING', actions: 'learn' },
          ],
          onError: { target: 'halted', actions: 'stop' },
        },
      },
      halted: { meta: stopped, on: { RETRY: { target: 'working', actions: 'clearStop' } } },
    },
  },
}
`

/** Has a timer in the state of its write. */
const TIMED = `
const effects = [plan]
const milestones = {
  PENDING: work('plan', 'AWAITING'),
  AWAITING: gated('SG1', {
    recheck: 'plan',
    authorized: {
      initial: 'working',
      states: {
        working: {
          invoke: {
            id: 'add',
            src: 'add',
            input: ({ context }) => context.input,
            onDone: { target: '#CLOSEOUT_REPORTED', actions: ['learn', 'dropApproval'] },
            onError: { target: 'halted', actions: 'stop' },
          },
          after: { 1500: '#TOO_LATE' },
        },
        halted: { meta: stopped, on: { RETRY: { target: 'working', actions: 'clearStop' } } },
      },
    },
  }),
  TOO_LATE: { type: 'final', meta: closed('failed') },
}
`

const FOOT = `
const add = writeEffect({ name: 'add', input, execute, simulate: async () => ({ output: {} }), probe })
export const machine = defineMachine({
  name: 'killable',
  version: '1',
  input,
  effects: [...effects, add],
  logic: chart({ ...milestones, CLOSEOUT_REPORTED: success }),
})
`

const WRITES = { HALVES, CHILD, DONE }
const CHARTS = { ONE_GATE, SAME_GATE_TWICE, TIMED }

/** The source of a machine: how it writes, and its chart. */
export const killableMachine = (write: keyof typeof WRITES, milestones: keyof typeof CHARTS): string =>
  HEAD + WRITES[write] + CHARTS[milestones] + FOOT
