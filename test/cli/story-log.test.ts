import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { charter, rehearse } from '../support/cli-steps.ts'

let at: CutterHome
let lines: Line[]
let runId: string

interface Line {
  level: number
  msg: string
  runId?: string
  machine?: string
  seq?: number
  state?: string
  [fact: string]: unknown
}

const env = { CUTTER_LOG: 'info' }
const logged = async (args: string[]): Promise<Answer> => {
  const answer = await at.cutter([...args, '--json'], { env })
  lines = answer.stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
  return answer
}
const story = () => lines.filter(({ msg }) => /^(run|phase|approval|hold) /.test(msg))

beforeAll(async () => {
  at = aCutterHome()
  at.file('small.md', charter('One.', 'Two.'))
  await at.server()
})

afterAll(() => at.remove())

describe('CUTTER_LOG=info', () => {
  test('logs the start, each phase and the pause of a run, each with its run, machine, seq and state', async () => {
    runId = jsonOf(
      await logged(['run', 'start', 'cut', '--document', 'LOGGED', '--source', 'small.md']),
    ).runId
    expect(story().map(({ msg, seq, state, phase, gate }) => [seq, msg, phase ?? gate, state])).toEqual([
      [1, 'run started', undefined, 'PENDING'],
      [2, 'phase done', 'source_pin', 'SOURCE_PINNED'],
      [3, 'phase done', 'mark', 'MARKED'],
      [4, 'phase done', 'cutplan', 'CUTPLAN_OK'],
      [5, 'phase done', 'pre_write_backup', 'PRE_WRITE_BACKUP_TAKEN'],
      [6, 'phase done', 'grant_probe', 'GRANTS_PROBED'],
      [7, 'run paused', 'SG1', 'AWAITING_CUT_AUTHORIZATION'],
    ])
    for (const line of story()) expect(line).toMatchObject({ runId, machine: 'cut', mode: 'dry-run' })
  })

  test('logs a refused approval, and the error of the command with its stack', async () => {
    const { code } = await logged(['run', 'resume', runId, '--approval', 'ap-0'])
    expect(code).toBe(4)
    expect(story()).toMatchObject([
      {
        msg: 'approval refused',
        runId,
        machine: 'cut',
        approvalId: 'ap-0',
        reason: 'APPROVAL_UNKNOWN',
        seq: 8,
      },
    ])
    const refused = lines.find(({ msg }) => msg === 'command refused')
    expect((refused!.err as Error).stack).toMatch(/\n +at /)
  })

  test('logs a hold that is switched on, a run that is released from it, and its end', async () => {
    await logged(['hold', 'on', '--reason', 'incident 12'])
    expect(story()).toMatchObject([{ msg: 'hold switched on', reason: 'incident 12', runId: null }])
    await logged(['hold', 'release', runId])
    expect(story()).toMatchObject([{ msg: 'run released from the hold', runId }])
    await logged(['hold', 'off'])
    expect(story()).toMatchObject([{ msg: 'hold switched off' }])
  })

  test('logs that an approval was used', async () => {
    const { approvalId } = await rehearse(at, runId)
    await logged(['run', 'resume', '--approval', approvalId])
    expect(story().find(({ msg }) => msg === 'approval used')).toMatchObject({
      runId,
      approvalId,
      seq: expect.any(Number),
    })
    expect(story().at(-1)).toMatchObject({ msg: 'run paused', gate: 'SG2' })
  })

  test('logs the closeout of a run', async () => {
    await logged(['run', 'cancel', runId, '--reason', 'not wanted'])
    expect(story().at(-1)).toMatchObject({
      msg: 'run closed',
      outcome: 'cancelled',
      runId,
      state: expect.any(String),
    })
  })

  test('logs a stop with the stack of its error', async () => {
    at.file(
      'cutter.yaml',
      'targets: { gone: { readerUrlEnv: GONE, executorUrlEnv: GONE, verifierUrlEnv: GONE } }\n',
    )
    const gone = 'postgresql://reader@127.0.0.1:1/none'
    const args = [
      'run',
      'start',
      'cut',
      '--document',
      'GONE',
      '--source',
      'small.md',
      '--target',
      'gone',
      '--json',
    ]
    const answer = await at.cutter(args, { env: { ...env, GONE: gone } })
    lines = answer.stderr
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line))
    expect(story().at(-1)).toMatchObject({ msg: 'run stopped', stopCode: 'STOP_TARGET_UNREACHABLE' })
    const failed = lines.find(({ msg }) => msg === 'effect stopped')
    expect(failed).toMatchObject({
      runId: expect.stringMatching(/^ictr-/),
      machine: 'cut',
      seq: 1,
      state: 'PENDING',
    })
    expect((failed!.err as Error).stack).toMatch(/ECONNREFUSED[\s\S]*\n +at /)
  })
})
