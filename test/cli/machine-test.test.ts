import { readFileSync, symlinkSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, type ErrorJson, jsonOf } from '../support/cli.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'

/** `machine test` of the built program, on the machine that `machine new` writes. */

interface Tested {
  typesChecked: boolean
  writesTried: boolean
  walked: string[]
  kills: unknown[]
  faults: string[]
}

describeWithKeys('machine test', () => {
  let at: CutterHome
  let source = ''
  beforeAll(async () => {
    at = aCutterHome()
    expect((await at.cutter(['machine', 'new', 'pay'])).code).toBe(0)
    source = readFileSync(at.path('pay/pay.ts'), 'utf8')
  })
  afterAll(() => at.remove())

  const tested = async (...more: string[]) => {
    const answer = await at.cutter(['machine', 'test', 'pay/pay.ts', ...more, '--json'])
    return { code: answer.code, ...jsonOf<Tested & { error?: ErrorJson }>(answer) }
  }

  test('walks a machine and kills it at its write, and says that no tsc is there', async () => {
    at.file('pay/pay.ts', source)
    expect(await tested()).toMatchObject({ code: 0, typesChecked: false, writesTried: true, faults: [] })
  })

  test('names file, line and column of a type error by the tsc of the author', async () => {
    symlinkSync(resolve(import.meta.dirname, '../../node_modules'), at.path('node_modules'))
    at.file('pay/pay.ts', source)
    expect(await tested()).toMatchObject({ code: 0, typesChecked: true, faults: [] })
    at.file('pay/pay.ts', source.replace('const before =', 'const before: number ='))
    const { code, faults } = await tested()
    expect([code, faults]).toEqual([1, [expect.stringMatching(/pay\/pay\.ts:24:11: .*\(TS2322\)$/)]])
  })

  test('names the write that a probe would have done twice', async () => {
    const wrong = "if (now === digestOf(text)) return { outcome: 'not-committed' }\n    if (false) return {"
    at.file('pay/pay.ts', source.replace('if (now === digestOf(text)) return {', wrong))
    const { code, faults } = await tested()
    expect([code, faults]).toEqual([
      1,
      [expect.stringContaining(`the write replace (${at.path('pay/pay.ts')}:31) would be done twice`)],
    ])
  })

  test('takes the input of a dry run as flags where there is no trial', async () => {
    at.file('alone.ts', source)
    at.file('text', 'old')
    const flags = ['--file', 'text', '--text', 'new', '--json']
    const answer = await at.cutter(['machine', 'test', 'alone.ts', ...flags])
    expect(jsonOf<Tested>(answer)).toMatchObject({ writesTried: false, kills: [], faults: [] })
    expect(readFileSync(at.path('text'), 'utf8')).toBe('old')
    const missing = await at.cutter(['machine', 'test', 'alone.ts', '--json'])
    expect([missing.code, jsonOf<{ error: ErrorJson }>(missing).error.message]).toEqual([
      2,
      expect.stringContaining('its input field file is missing'),
    ])
  })

  test('says which open runs the module would strand, and exits with 3', async () => {
    at.file('pay/pay.ts', source)
    at.file('text', 'old')
    const start = ['run', 'start', 'pay/pay.ts', '--file', at.path('text'), '--text', 'new', '--json']
    const { runId } = jsonOf(await at.cutter(start))
    at.file('pay/pay.ts', `${source}// another definition\n`)
    const answer = await at.cutter(['machine', 'test', 'pay/pay.ts'])
    expect(answer.code).toBe(3)
    expect(answer.stdout).toContain(`run      ${runId} of version 1: stranded — run ${runId} `)
    expect(answer.stdout).toContain(
      '1 open run of pay would be stranded: close it first, or give the module an upgrade',
    )
    const cancelled = await at.cutter(['run', 'cancel', runId, '--reason', 'a test', '--json'])
    expect(jsonOf(cancelled).outcome).toBe('cancelled')
  })

  test('refuses a path with approvals.strict: owner, and runs nothing of it', async () => {
    at.file('cutter.yaml', 'approvals: { strict: owner }\n')
    const { code, error } = await tested()
    expect([code, error?.code]).toEqual([2, 'INPUT_REFUSED'])
    // What the refusal names as the next step works.
    expect(error?.next).toBe('name it in cutter.yaml, and use that name: machines: { <name>: <path> }')
    at.file('pay/pay.ts', source)
    at.file('cutter.yaml', 'approvals: { strict: owner }\nmachines: { pay: ./pay/pay.ts }\n')
    const named = await at.cutter(['machine', 'test', 'pay', '--json'])
    expect(jsonOf<Tested>(named)).toMatchObject({ writesTried: true, faults: [] })
    expect((await at.cutter(['machine', 'check', 'pay'])).code).toBe(0)
  })
})
