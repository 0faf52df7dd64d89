import { spawn } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ShownRun } from '../../src/service/runs/show.ts'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { ALICE, aSigner } from '../support/cli-steps.ts'
import { serve } from '../support/serving-program.ts'
import { onTerminal } from '../support/terminal.ts'

const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')
const PROGRAM = resolve(import.meta.dirname, '../../dist/cutter.cjs')
const FITTED = { env: { COLUMNS: '100' } }

let at: CutterHome
let key: string

beforeAll(async () => {
  at = aCutterHome('machines: { rotate-keys: ./rotate-keys.ts }\nexecution: { allowLive: true }\n')
  copyFileSync(EXAMPLE, at.path('rotate-keys.ts'))
  at.file('service.key', 'a key\n')
  key = aSigner(at, ALICE, 'cutter.*')
  await at.cutter(['execution', 'enable', '--for', '2h', '--reason', 'a test'])
})
afterAll(() => at.remove())

const started = async () =>
  jsonOf(
    await at.cutter(['run', 'start', 'rotate-keys', '--file', 'service.key', '--mode', 'live', '--json']),
  ).runId as string

const signed = async (runId: string, ...more: string[]) =>
  jsonOf<{ approvalId: string }>(
    await at.cutter(['approval', 'sign', runId, '--as', ALICE, '--key', key, ...more, '--json']),
  ).approvalId

const textOf = async (args: string[], options = {}) => (await at.cutter(args, options)).stdout

async function rejected(): Promise<string> {
  const runId = await started()
  const approval = await signed(runId, '--decision', 'reject', '--reason', 'the wrong file')
  await at.cutter(['run', 'resume', runId, '--approval', approval])
  return runId
}
async function voided(): Promise<string> {
  const runId = await started()
  await at.cutter(['run', 'void', runId, '--as', ALICE, '--key', key, '--reason', 'the wrong file'])
  return runId
}

describe.each([
  ['a rejection', rejected, 'Rejected'],
  ['a void', voided, 'Voided'],
])('the reason of %s', (_, close, word) => {
  let runId: string
  beforeAll(async () => {
    runId = await close()
  })

  test('is in the history, and the words say once how the run closed', async () => {
    const last = (await textOf(['run', 'history', runId], FITTED)).trimEnd().split('\n').at(-1)
    expect(last).toMatch(new RegExp(`– ${word}: ${ALICE}, by \\w+: the wrong file$`))
    expect(await textOf(['run', 'history', runId])).toContain(`${word}: the wrong file`)
  })
  test('is shown with the run', async () => {
    expect(await textOf(['run', 'show', runId])).toMatch(/^decided SG1 .*: the wrong file$/m)
    const { decisions } = jsonOf<ShownRun>(await at.cutter(['run', 'show', runId, '--json']))
    expect(decisions[0]!.approvers[0]).toMatchObject({ name: ALICE, reason: 'the wrong file' })
  })
  test('is on the page, with the name and in the timeline', async () => {
    const page = await textOf(['run', 'report', runId, '--html'])
    expect(page).toContain(`<td>${ALICE}</td><td>the wrong file</td>`)
    expect(page).toMatch(
      new RegExp(
        `<strong class="">${word}: ${ALICE}</strong>, by \\w+: the wrong file <span[^>]*>\\w+, closed ·`,
      ),
    )
  })
  test('is on the page of its evidence bundle, which verify makes again', async () => {
    const bundle = `${word}.tar`
    await at.cutter(['run', 'export', runId, '--out', bundle])
    const { stdout, stderr } = await at.cutter(['verify', bundle])
    expect(stdout + stderr).not.toContain('is not the page')
    expect(stdout).toContain(runId)
  })
})

test('run cancel says its reason once', async () => {
  const runId = await started()
  await at.cutter(['run', 'cancel', runId, '--reason', 'by mistake'])
  expect(await textOf(['run', 'history', runId], FITTED)).toMatch(/– Cancelled, by \w+: by mistake$/m)
})

describe('an approval that counts', () => {
  let runId: string
  let approval: string
  beforeAll(async () => {
    runId = await started()
    approval = await signed(runId)
  })
  const resume = () => `cutter run resume ${runId} --approval ${approval}`

  test.each([
    ['inbox', () => ['inbox'], /^ +next: (.*)$/m],
    ['run show', () => ['run', 'show', runId], /^next {4}(.*)$/m],
    ['run explain', () => ['run', 'explain', runId], /^next {6}(.*)$/m],
    ['run review', () => ['run', 'review', runId], /^next {4}(.*)$/m],
  ])('is named by %s with the command that brings it', async (_, args, line) => {
    expect(line.exec(await textOf(args()))?.[1]).toBe(resume())
  })
  test('is not named while a hold refuses it', async () => {
    await at.cutter(['hold', 'on', '--reason', 'a test'])
    const texts = [await textOf(['inbox']), await textOf(['run', 'show', runId])]
    await at.cutter(['hold', 'off'])
    for (const text of texts) expect(text).not.toContain('--approval ap-')
  })
})

describe('run report --html without a file', () => {
  test('writes report.html on a terminal and for JSON, says where, and overwrites nothing', async () => {
    const runId = await started()
    const { code, text } = await onTerminal(at, ['run', 'report', runId, '--html'])
    expect([code, text]).toEqual([0, expect.stringContaining(at.path('report.html'))])
    expect(readFileSync(at.path('report.html'), 'utf8')).toContain(runId)
    const again = await at.cutter(['run', 'report', runId, '--html', '--json'])
    expect(again.code).toBe(2)
  })
  test('has the client of a service write it', async () => {
    const runId = await started()
    const service = await serve(at)
    try {
      mkdirSync(at.path('elsewhere'))
      const place = { cwd: at.path('elsewhere') }
      const { code } = await at.cutter(['run', 'report', runId, '--html', '--json', '--home', at.home], place)
      expect([code, existsSync(at.path('elsewhere/report.html'))]).toEqual([0, true])
    } finally {
      await service.end('SIGTERM')
    }
  })
})

test('run history --follow shows when each entry was saved, and not that it just was', async () => {
  const runId = await started()
  const child = spawn(process.execPath, [PROGRAM, 'run', 'history', runId, '--follow'], {
    cwd: at.home,
    env: { ...at.env, COLUMNS: '100' },
  })
  const closed = new Promise((done) => child.on('close', done))
  let text = ''
  child.stdout.on('data', (bytes: Buffer) => {
    text += bytes.toString()
  })
  await expect.poll(() => text).toContain('waits SG1')
  await at.cutter(['run', 'void', runId, '--as', ALICE, '--key', key, '--reason', 'late reason'])
  await closed
  expect(text).toMatch(/^ +3 {2}\d\d:\d\d:\d\d {2}– Voided: .*late reason$/m)
  expect(text).not.toContain('just now')
})
