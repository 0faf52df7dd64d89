import { cancelRun } from '../../src/service/runs/cancel.ts'
import { explainRun } from '../../src/service/runs/explain.ts'
import { type StartRunInput, startRun } from '../../src/service/runs/start.ts'
import type { Asked } from './doors.ts'

/** The same request in the words of every door. */

/** A start of a run; `flags` are its input on the command line. */
export const startAsked = (
  input: Omit<StartRunInput, 'mode'> & Partial<StartRunInput>,
  flags: string[],
): Asked => {
  const { mode = 'dry-run', machine, input: fields, key } = input
  return {
    useCase: (home) => startRun(home, { mode, ...input }),
    http: ['post', '/api/v1/runs', { ...input, mode }],
    tool: [
      mode === 'live' ? 'start_live_plan' : 'start_dry_run',
      { machine, input: fields, ...(key === undefined ? {} : { key }) },
    ],
    command: [
      'run',
      'start',
      String(machine),
      ...flags,
      ...(key === undefined ? [] : ['--key', key]),
      '--mode',
      mode,
    ],
  }
}
export const cancelAsked = (run: string, reason: string): Asked => ({
  useCase: (home) => cancelRun(home, { run, reason }),
  http: ['post', `/api/v1/runs/${run}/cancel`, { reason }],
  tool: ['cancel', { run, reason }],
  command: ['run', 'cancel', run, '--reason', reason],
})
export const explainAsked = (run: string): Asked => ({
  useCase: (home) => explainRun(home, { run, offline: false }),
  http: ['get', `/api/v1/runs/${run}/explain`],
  tool: ['explain', { run }],
  command: ['run', 'explain', run],
})
