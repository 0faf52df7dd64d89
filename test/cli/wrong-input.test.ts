import { mkdirSync } from 'node:fs'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, aCutterHome, type CutterHome, jsonOf, type RunJson } from '../support/cli.ts'
import { charter, historyOf, rehearse, resume, rowsIn, start, started } from '../support/cli-steps.ts'
import { findDeadPort } from '../support/connections.ts'

const CONFIG = `
targets:
  elsewhere: { readerUrlEnv: READER_URL, executorUrlEnv: EXECUTOR_URL, verifierUrlEnv: VERIFIER_URL }
`

let at: CutterHome
let superuser: pg.Client

beforeAll(async () => {
  at = aCutterHome(CONFIG)
  at.file('small.md', charter('One.', 'Two.'))
  await at.server()
  await at.cutter(['target', 'init', 'embedded'])
  superuser = await at.superuser()
})

afterAll(() => at.remove())

const runs = async () => jsonOf<RunJson[]>(await at.cutter(['run', 'list', '--json']))

describe('run start with input that can’t be used', () => {
  const files: [string, string | Uint8Array | null, string[]][] = [
    ['a missing file', null, ['there is no such file']],
    ['an empty file', '', ['is empty']],
    ['a private key', '-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n', ['is a private key']],
    [
      'a file that is not UTF-8',
      Buffer.concat([Buffer.from('# A\n\nab'), Buffer.from([0xff]), Buffer.from('c\n')]),
      ['not UTF-8', 'byte 7', 'line 3'],
    ],
    ['a file without a unit', 'Only words, and no heading.\n', ['no unit to cut', 'markdown']],
  ]

  async function expectRefused(answer: Answer, code: number, error: string, words: string[]) {
    expect(answer.code).toBe(code)
    expect(jsonOf(answer).error).toMatchObject({ code: error })
    for (const word of words) expect(answer.stderr).toContain(word)
    expect(answer.stderr).toMatch(/^next: ./m)
    expect(await runs()).toEqual([])
  }

  test.each(files)('run start refuses %s', async (_name, content, words) => {
    if (content !== null) at.file('wrong.md', content)
    const source = content === null ? 'nowhere.md' : 'wrong.md'
    await expectRefused(
      await start(at, { document: 'WRONG', source }),
      2,
      'INPUT_REFUSED',
      [source, ...words].slice(content === null || content === '' ? 0 : 1),
    )
  })

  test('run start refuses a directory', async () => {
    mkdirSync(at.path('folder'), { recursive: true })
    await expectRefused(await start(at, { document: 'WRONG', source: 'folder' }), 2, 'INPUT_REFUSED', [
      'it is a directory',
    ])
  })

  test('run start refuses a document without a known source', async () => {
    const answer = await at.cutter(['run', 'start', 'cut', '--document', 'WRONG', '--json'])
    await expectRefused(answer, 2, 'INPUT_REFUSED', ['WRONG is not registered in cutter.yaml'])
  })

  test('run start refuses an unknown profile, machine or target', async () => {
    const small = { document: 'WRONG', source: 'small.md' }
    await expectRefused(await start(at, { ...small, more: ['--profile', 'runes'] }), 2, 'INPUT_REFUSED', [
      'no profile runes',
      'known are: markdown',
    ])
    await expectRefused(await at.cutter(['run', 'start', 'fell', '--json']), 4, 'MACHINE_NOT_FOUND', [
      'no machine fell',
      'known machines are cut',
    ])
    await expectRefused(await start(at, { ...small, target: 'mars' }), 4, 'TARGET_NOT_FOUND', [
      'target mars is not in cutter.yaml',
      'configured targets: embedded, elsewhere',
    ])
  })

  test('commands refuse an unknown mode, an unknown flag or a missing flag', async () => {
    for (const [args, word] of [
      [['run', 'start', 'cut', '--document', 'A', '--source', 'small.md', '--mode', 'wet'], 'dry-run, live'],
      [['run', 'start', 'cut', '--document', 'A', '--sauce', 'small.md'], '--sauce'],
      [['run', 'start', 'cut', '--source', 'small.md'], 'document'],
      [['run', 'start'], 'machine'],
      [['approval', 'sign', 'x'], '--as'],
      [['execution', 'enable', '--reason', 'x'], '--for'],
      [['execution', 'enable', '--for', '3w', '--reason', 'x'], '3w'],
      [['run', 'resume'], 'which run'],
      [['flee'], 'flee'],
    ] as const) {
      const answer = await at.cutter([...args])
      expect([answer.code, answer.stdout], args.join(' ')).toEqual([2, ''])
      expect(answer.stderr).toContain(word)
    }
    expect(await runs()).toEqual([])
  })
})

describe('a run of a text that can’t be cut', () => {
  const stopsMarked = async (text: string, document: string) => {
    at.file(`${document}.md`, text)
    const before = await rowsIn(superuser)
    const answer = await start(at, { document, source: `${document}.md` })
    expect(answer.code).toBe(3)
    const run = jsonOf(answer)
    expect(run).toMatchObject({ status: 'stopped', state: 'SOURCE_PINNED', stopCode: 'STOP_REFUSED_INPUT' })
    expect(await rowsIn(superuser)).toEqual(before)
    return run.stop!.message
  }

  test('the run stops at a NUL character, and names its line', async () => {
    const message = await stopsMarked('## Article 1\n\nOne.\n\nTw\0o.\n', 'NUL')
    expect(message).toContain('line 5')
    expect(message).toContain('NUL')
  })

  test('the run stops at an address that occurs twice, and names both lines', async () => {
    const message = await stopsMarked('## Article 1\n\nOne.\n\n## Article 1\n\nTwo.\n', 'TWICE')
    expect(message).toContain('TWICE/ARTICLE-1 stands twice')
    expect(message).toMatch(/line 1 .*line 5 /)
  })

  test('the run stops above the cap on units, and continues after the cap is raised', async () => {
    at.file('cutter.yaml', `${CONFIG}caps: { units: 1 }\n`)
    const answer = await start(at, { document: 'CAP', source: 'small.md' })
    expect(answer.code).toBe(3)
    const run = jsonOf(answer)
    expect(run).toMatchObject({ status: 'stopped', stopCode: 'STOP_CAP_UNITS' })
    expect(run.stop?.message).toContain('2 units, the cap is 1')
    expect((await resume(at, run.runId)).code).toBe(3)

    at.file('cutter.yaml', CONFIG)
    const resumed = await resume(at, run.runId)
    expect(resumed.code).toBe(0)
    expect(jsonOf(resumed)).toMatchObject({ gate: 'SG1', stopCode: 'STOP_APPROVAL_REQUIRED' })
  })
})

describe('a configured target that can’t be used', () => {
  const secret = 'not-to-be-shown'

  /** The run stops at its start with the cause and without a password, and continues after the cause is fixed. */
  async function stopsUntilFixed(
    document: string,
    readerUrl: string | undefined,
    code: string,
    words: string,
  ) {
    const env = readerUrl === undefined ? {} : { READER_URL: readerUrl }
    const args = ['--document', document, '--source', 'small.md', '--target', 'elsewhere', '--json']
    const answer = await at.cutter(['run', 'start', 'cut', ...args], { env })
    expect(answer.code).toBe(3)
    const run = jsonOf(answer)
    expect(run).toMatchObject({ status: 'stopped', state: 'PENDING', stopCode: code })
    expect(run.stop?.message).toContain('elsewhere')
    expect(run.stop?.message).toContain(words)
    expect(run.stop?.next).toMatch(/./)

    const survey = await at.cutter(['target', 'survey', 'elsewhere', '--json'], { env })
    expect(survey.code).toBe(1)
    expect(survey.stderr).toContain(words)
    expect(JSON.stringify([answer, survey, await historyOf(at, run.runId)])).not.toContain(secret)

    const good = (await at.server()).url('cutter_reader', 'cutter')
    const fixed = await at.cutter(['run', 'resume', run.runId, '--json'], { env: { READER_URL: good } })
    expect(jsonOf(fixed)).toMatchObject({ status: 'paused', gate: 'SG1' })
  }

  test('the run stops when the variable of its URL is not set', () =>
    stopsUntilFixed('UNSET', undefined, 'STOP_TARGET_REFUSED', 'READER_URL'))

  test('the run stops when no server listens', async () => {
    const port = await findDeadPort()
    const url = `postgresql://cutter_reader:${secret}@127.0.0.1:${port}/cutter`
    await stopsUntilFixed('DEAD', url, 'STOP_TARGET_UNREACHABLE', `127.0.0.1:${port}`)
  })

  test('the run stops when the password is wrong', async () => {
    const url = new URL((await at.server()).url('cutter_reader', 'cutter'))
    url.password = secret
    await stopsUntilFixed('PASSWORD', url.href, 'STOP_TARGET_REFUSED', 'refuses the login')
  })

  test('the run stops when the database has no schema of Cutter', async () => {
    const url = (await at.server()).url('cutter_reader', 'postgres')
    await stopsUntilFixed('BARE', url, 'STOP_TARGET_REFUSED', 'does not have Cutter’s schema')
  })
})

describe('a run id', () => {
  test('commands answer an unknown run id with exit code 4', async () => {
    for (const args of [
      ['run', 'show', 'ffff'],
      ['run', 'resume', 'ffff'],
      ['run', 'history', 'ffff'],
      ['run', 'plan', 'ffff'],
      ['approval', 'rehearse', 'ffff'],
    ]) {
      const answer = await at.cutter([...args, '--json'])
      expect([answer.code, jsonOf(answer).error?.code], args.join(' ')).toEqual([4, 'RUN_NOT_FOUND'])
    }
  })

  test('commands accept a unique part of a run id, and refuse one that several runs have', async () => {
    const runId = await started(at, { document: 'SHORT', source: 'small.md' })
    const bySuffix = jsonOf(await at.cutter(['run', 'show', runId.slice(-8), '--json']))
    expect(bySuffix.runId).toBe(runId)
    const { approvalId } = await rehearse(at, runId.slice(-8))
    const ambiguous = await resume(at, 'ictr', approvalId)
    expect(ambiguous.code).toBe(2)
    expect(ambiguous.stderr).toContain('could be several runs')
  })
})
