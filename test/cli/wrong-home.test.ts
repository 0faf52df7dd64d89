import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connect } from '../../src/locks/connect.ts'
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

describe('an invalid cutter.yaml', () => {
  test('run start refuses it with the path of each fault, before it creates a run or a server', async () => {
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
    // Listing runs needs no config.
    expect(jsonOf<unknown[]>(await at.cutter(['run', 'list', '--json']))).toEqual([])
  })

  test('run start refuses text that is not YAML with line and column', async () => {
    at.file('cutter.yaml', 'execution: { allowLive: true }\n caps: 3\n')
    const { code, error: refusal } = await error('run', 'start', 'cut', '--document', 'A', '--source', 'a.md')
    expect(code).toBe(2)
    expect(refusal?.code).toBe('CONFIG_INVALID')
    expect(refusal?.message).toMatch(/line \d+, column \d+/)
  })
})

const asRoot = process.getuid?.() === 0
if (!asRoot) console.log('skipped "a cutter.yaml of somebody else": only root can give files away')

describe.runIf(asRoot)('a cutter.yaml of somebody else', () => {
  const marker = () => at.path('ran')
  beforeEach(() => {
    at.file('git', `#!/bin/sh\ntouch ${marker()}\n`)
    chmodSync(at.path('git'), 0o755)
    at.file('cutter.yaml', `tools: { git: ${at.path('git')} }\n`)
    chownSync(at.path('cutter.yaml'), 4242, 4242)
  })

  test('doctor refuses it when it is found, and runs none of its programs', async () => {
    const { code, error: refusal } = await error('doctor')
    expect([code, refusal?.code]).toEqual([3, 'FILES_UNSAFE'])
    expect(refusal?.next).toContain(`--home ${at.home}`)
    expect(existsSync(marker())).toBe(false)
  })

  test('doctor reads it when its folder is named', async () => {
    expect((await error('doctor', '--home', at.home)).error).toBeUndefined()
    expect(existsSync(marker())).toBe(true)
  })
})

describe('a cutter.yaml of two documents', () => {
  test('execution status refuses it in Cutter’s own words, with the line of the second document', async () => {
    at.file('cutter.yaml', 'execution: { allowLive: true }\n---\ncaps: { units: 3 }\n')
    const { code, error: refusal } = await error('execution', 'status')
    expect([code, refusal?.code]).toEqual([2, 'CONFIG_INVALID'])
    expect(refusal?.message).toContain('the file has several documents')
    expect(refusal?.message).toContain('line 2')
    expect(refusal?.message).not.toContain('parseAllDocuments')
  })
})

describe('a store that cannot be opened', () => {
  const file = () => at.path('var/cutter.db')

  async function expectRefused(code: string, words: string) {
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

  test('commands refuse a store of a newer version, and leave it as it is', async () => {
    at.file('small.md', charter('One.'))
    await at.cutter(['run', 'list'])
    const db = connect(file())
    db.pragma('user_version = 9999')
    db.close()
    await expectRefused('STORE_NEWER', 'store version 9999')
  })

  test('commands refuse a file that is not a database, and leave it as it is', async () => {
    at.file('small.md', charter('One.'))
    mkdirSync(at.path('var'))
    at.file('var/cutter.db', 'This was a database once, and is only words now.\n'.repeat(200))
    await expectRefused('STORE_CORRUPT', 'is not a readable store')
  })

  test('commands refuse a truncated store, and leave it as it is', async () => {
    at.file('small.md', charter('One.'))
    await at.cutter(['run', 'list'])
    truncateSync(file(), 4096)
    await expectRefused('STORE_CORRUPT', 'is not a readable store')
  })
})

const nobody = 65534
const modules = join(import.meta.dirname, '../../node_modules/better-sqlite3')
const reachable =
  !asRoot ||
  spawnSync(process.execPath, ['-e', `require(${JSON.stringify(modules)})`], {
    uid: nobody,
    gid: nobody,
    cwd: '/',
  }).status === 0
if (!reachable) console.log('skipped "a var/ that is read-only": node_modules is closed to ordinary users')

describe.skipIf(!reachable)('a var/ that is read-only', () => {
  test('run start refuses it with its path, and creates nothing in it', async () => {
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

describe('a machine that changed while a run waits at a gate', () => {
  test('run resume refuses the approval with both definition digests, and the original machine continues the run', async () => {
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
    expect(refused.stderr).toContain('Nothing was changed.')
    expect(await historyOf(at, runId)).toEqual(before)

    const resumed = await resume(at, runId, approvalId)
    expect(resumed.code).toBe(0)
    expect(jsonOf(resumed).gate).toBe('SG2')
  })
})
