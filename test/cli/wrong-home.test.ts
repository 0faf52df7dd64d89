import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connect } from '../../src/store/sqlite/connect.ts'
import { aCutterHome, anotherBuild, type CutterHome, jsonOf } from '../support/cli.ts'
import { charter, historyOf, rehearse, resume, started } from '../support/cli-steps.ts'

let at: CutterHome

beforeEach(() => {
  at = aCutterHome()
})
afterEach(() => at.remove())

const error = async (...args: string[]) => {
  const answer = await at.cutter([...args, '--json'])
  return { ...answer, error: jsonOf(answer).error }
}

describe('a cutter.yaml that means nothing', () => {
  test('is refused with the place of each fault, before a run or a server is made', async () => {
    at.file(
      'cutter.yaml',
      `targets: { main: { readerUrlEnv: 5x, executorUrlEnv: E, verifierUrlEnv: V, passwort: x } }
execution: { allowLive: maybe }
caps: { units: 0 }
approvals: { policy: { cut.SG1: { of: [] } } }
colour: blue
`,
    )
    const { code, error: refusal } = await error('run', 'start', 'cut', '--document', 'A', '--source', 'a.md')
    expect(code).toBe(2)
    expect(refusal?.code).toBe('CONFIG_INVALID')
    for (const place of [
      'targets.main.readerUrlEnv',
      'passwort',
      'execution.allowLive',
      'caps.units',
      'approvals.policy.cut.SG1.of',
      'colour',
      at.path('cutter.yaml'),
    ])
      expect(refusal?.message).toContain(place)
    expect(existsSync(at.path('var/embedded'))).toBe(false)
    // Looking at runs wants no config.
    expect(jsonOf<unknown[]>(await at.cutter(['run', 'list', '--json']))).toEqual([])
  })

  test('is refused with line and column where it is no YAML', async () => {
    at.file('cutter.yaml', 'execution: { allowLive: true }\n caps: 3\n')
    const { code, error: refusal } = await error('run', 'start', 'cut', '--document', 'A', '--source', 'a.md')
    expect(code).toBe(2)
    expect(refusal?.code).toBe('CONFIG_INVALID')
    expect(refusal?.message).toMatch(/line \d+, column \d+/)
  })
})

describe('a cutter.yaml of two documents', () => {
  test('is refused in words of ours, with the line of the second', async () => {
    at.file('cutter.yaml', 'execution: { allowLive: true }\n---\ncaps: { units: 3 }\n')
    const { code, error: refusal } = await error('execution', 'status')
    expect([code, refusal?.code]).toEqual([2, 'CONFIG_INVALID'])
    expect(refusal?.message).toContain('the file holds several documents')
    expect(refusal?.message).toContain('line 2')
    expect(refusal?.message).not.toContain('parseAllDocuments')
  })
})

describe('a store that can’t be used', () => {
  const file = () => at.path('var/cutter.db')

  async function isLeftAlone(code: string, words: string) {
    const before = readFileSync(file())
    for (const args of [
      ['run', 'list'],
      ['run', 'start', 'cut', '--document', 'A', '--source', 'small.md'],
    ]) {
      const answer = await error(...args)
      expect([answer.code, answer.error?.code], args.join(' ')).toEqual([1, code])
      expect(answer.stderr).toContain(words)
      expect(answer.stderr).toMatch(/^next: ./m)
    }
    expect(readFileSync(file()).equals(before)).toBe(true)
    expect(existsSync(at.path('var/embedded'))).toBe(false)
  }

  test('is one that a newer version wrote', async () => {
    at.file('small.md', charter('One.'))
    await at.cutter(['run', 'list'])
    const db = connect(file())
    db.pragma('user_version = 9999')
    db.close()
    await isLeftAlone('STORE_NEWER', 'store version 9999')
  })

  test('is one that is no database', async () => {
    at.file('small.md', charter('One.'))
    mkdirSync(at.path('var'))
    at.file('var/cutter.db', 'This was a database once, and is only words now.\n'.repeat(200))
    await isLeftAlone('STORE_CORRUPT', 'is not a readable store')
  })

  test('is one that lost its end', async () => {
    at.file('small.md', charter('One.'))
    await at.cutter(['run', 'list'])
    truncateSync(file(), 4096)
    await isLeftAlone('STORE_CORRUPT', 'is not a readable store')
  })
})

const nobody = 65534
const asRoot = process.getuid?.() === 0
const modules = join(import.meta.dirname, '../../node_modules/better-sqlite3')
const reachable =
  !asRoot ||
  spawnSync(process.execPath, ['-e', `require(${JSON.stringify(modules)})`], {
    uid: nobody,
    gid: nobody,
    cwd: '/',
  }).status === 0
if (!reachable)
  console.log('skipped "a var/ that may only be read": node_modules is closed to ordinary users')

describe.skipIf(!reachable)('a var/ that may only be read', () => {
  test('is told with its path, and nothing is made in it', async () => {
    const source = at.file('small.md', charter('One.'))
    mkdirSync(at.path('var'))
    chmodSync(at.path('var'), 0o555)
    const args = ['run', 'start', 'cut', '--document', 'A', '--source', source, '--json']
    const answer = await at.cutter(args, asRoot ? { uid: nobody, gid: nobody } : {})
    chmodSync(at.path('var'), 0o755)
    expect(answer.code).toBe(1)
    expect(jsonOf(answer).error).toMatchObject({ code: 'STORE_UNWRITABLE' })
    expect(answer.stderr).toContain(at.path('var'))
    expect(existsSync(at.path('var/cutter.db'))).toBe(false)
  })
})

describe('a machine that changed while a run was paused', () => {
  test('takes no approval for it, names both versions, and leaves the run to the one that began it', async () => {
    at.file('small.md', charter('One.'))
    await at.server()
    const runId = await started(at, { document: 'PAUSED', source: 'small.md' })
    const { approvalId } = await rehearse(at, runId)
    const before = await historyOf(at, runId)

    const program = anotherBuild(at)
    const refused = await at.cutter(['run', 'resume', runId, '--approval', approvalId, '--json'], { program })
    expect(refused.code).toBe(3)
    expect(jsonOf(refused).error?.code).toBe('MACHINE_CHANGED')
    expect(refused.stderr.match(/sha256:[0-9a-f]{12}/g)).toHaveLength(2)
    expect(refused.stderr).toContain('Nothing was done here')
    expect(await historyOf(at, runId)).toEqual(before)

    const resumed = await resume(at, runId, approvalId)
    expect(resumed.code).toBe(0)
    expect(jsonOf(resumed).gate).toBe('SG2')
  })
})
