import { spawnSync } from 'node:child_process'
import { chmodSync, readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { charter, started } from '../support/cli-steps.ts'
import { NOBODY, whyNotAsNobody } from '../support/ordinary-user.ts'

const isRoot = process.getuid?.() === 0
const why = isRoot ? whyNotAsNobody() : null

let at: CutterHome
let runId: string

beforeAll(async () => {
  if (why !== null) return
  at = aCutterHome()
  at.file('small.md', charter('One.'))
  runId = await started(at, { document: 'A', source: 'small.md' })
  const { stdout } = await at.cutter(['run', 'export', runId, '--out', '-'])
  expect(stdout).not.toBe('')
  const { uid, gid } = NOBODY
  if (isRoot) spawnSync('chown', ['-R', `${uid}:${gid}`, at.path('var/runs'), at.path('var/cutter.db')])
  chmodSync(at.path('var/cutter.db'), 0o444)
  chmodSync(at.path('var'), 0o555)
})
afterAll(() => {
  if (at === undefined) return
  chmodSync(at.path('var'), 0o755)
  at.remove()
})

const look = (...args: string[]) => at.cutter(args, isRoot ? NOBODY : {})

describe.skipIf(why !== null)(
  `a store that can only be read${why === null ? '' : ` (skipped: ${why})`}`,
  () => {
    test.each([
      ['run list', ['run', 'list', '--json']],
      ['run show', ['run', 'show', '{run}', '--json']],
      ['run history', ['run', 'history', '{run}', '--verify', '--json']],
      ['run explain', ['run', 'explain', '{run}', '--json']],
      ['run export', ['run', 'export', '{run}', '--out', '-']],
    ])('%s answers, and writes nothing', async (_, args) => {
      const before = readdirSync(at.path('var')).sort()
      const answer = await look(...args.map((arg) => (arg === '{run}' ? runId : arg)))
      expect([0, 3], answer.stderr).toContain(answer.code)
      expect(answer.stdout + answer.stderr).toContain(runId)
      expect(answer.stdout + answer.stderr).not.toContain('UNWRITABLE')
      expect(readdirSync(at.path('var')).sort()).toEqual(before)
    })

    test('doctor says that the store can only be read, and that the embedded server cannot start', async () => {
      const { stdout } = await look('doctor', '--json')
      const findings = JSON.parse(stdout) as { check: string; status: string; message: string }[]
      const of = (check: string) => findings.find((finding) => finding.check === check)
      expect(of('store')).toMatchObject({ status: 'fail', message: expect.stringContaining('only be read') })
      expect(of('embedded PostgreSQL')).toMatchObject({ status: 'fail' })
    })

    test('a command that would write is refused, and nothing is changed', async () => {
      const answer = await look('run', 'cancel', runId, '--reason', 'tried', '--json')
      expect(answer.code, answer.stdout).toBe(1)
      expect(jsonOf(answer).error).toMatchObject({ code: 'STORE_UNWRITABLE' })
    })
  },
)
