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

describe('what never becomes a run', () => {
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

  async function refused(answer: Answer, code: number, error: string, words: string[]) {
    expect(answer.code).toBe(code)
    expect(jsonOf(answer).error).toMatchObject({ code: error })
    for (const word of words) expect(answer.stderr).toContain(word)
    expect(answer.stderr).toMatch(/^next: ./m)
    expect(await runs()).toEqual([])
  }

  test.each(files)('is %s', async (_name, content, words) => {
    if (content !== null) at.file('wrong.md', content)
    const source = content === null ? 'nowhere.md' : 'wrong.md'
    await refused(
      await start(at, { document: 'WRONG', source }),
      2,
      'INPUT_REFUSED',
      [source, ...words].slice(content === null || content === '' ? 0 : 1),
    )
  })

  test('is a directory', async () => {
    mkdirSync(at.path('folder'), { recursive: true })
    await refused(await start(at, { document: 'WRONG', source: 'folder' }), 2, 'INPUT_REFUSED', [
      'it is a directory',
    ])
  })

  test('is a document of which no source is known', async () => {
    const answer = await at.cutter(['run', 'start', 'cut', '--document', 'WRONG', '--json'])
    await refused(answer, 2, 'INPUT_REFUSED', ['WRONG is not registered in cutter.yaml'])
  })

  test('is an unknown profile, machine or target', async () => {
    const small = { document: 'WRONG', source: 'small.md' }
    await refused(await start(at, { ...small, more: ['--profile', 'runes'] }), 2, 'INPUT_REFUSED', [
      'no profile runes',
      'known are: markdown',
    ])
    await refused(await at.cutter(['run', 'start', 'fell', '--json']), 4, 'MACHINE_NOT_FOUND', [
      'no machine fell',
      'known are: cut',
    ])
    await refused(await start(at, { ...small, target: 'mars' }), 4, 'TARGET_NOT_FOUND', [
      'no target mars',
      'known are: embedded, elsewhere',
    ])
  })

  test('is a mode that there is not, a flag that there is not, or a flag too few', async () => {
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

describe('a run of what can not be cut', () => {
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

  test('stops at a NUL, which the database can not hold, and names the line', async () => {
    const message = await stopsMarked('## Article 1\n\nOne.\n\nTw\0o.\n', 'NUL')
    expect(message).toContain('line 5')
    expect(message).toContain('NUL')
  })

  test('stops at an address that stands twice, and names both places', async () => {
    const message = await stopsMarked('## Article 1\n\nOne.\n\n## Article 1\n\nTwo.\n', 'TWICE')
    expect(message).toContain('TWICE/ARTICLE-1 stands twice')
    expect(message).toMatch(/line 1 .*line 5 /)
  })

  test('stops over the cap on units, and goes on once that is raised', async () => {
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

describe('a configured target that is not as it should be', () => {
  const secret = 'not-to-be-shown'

  /** The run stops where it began, says why, tells no password, and begins when the cause is mended. */
  async function stopsUntilMended(
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
    const mended = await at.cutter(['run', 'resume', run.runId, '--json'], { env: { READER_URL: good } })
    expect(jsonOf(mended)).toMatchObject({ status: 'paused', gate: 'SG1' })
  }

  test('is one whose variable is not set', () =>
    stopsUntilMended('UNSET', undefined, 'STOP_TARGET_REFUSED', 'READER_URL'))

  test('is one where no server listens', async () => {
    const port = await findDeadPort()
    const url = `postgresql://cutter_reader:${secret}@127.0.0.1:${port}/cutter`
    await stopsUntilMended('DEAD', url, 'STOP_TARGET_UNREACHABLE', `127.0.0.1:${port}`)
  })

  test('is one with another password', async () => {
    const url = new URL((await at.server()).url('cutter_reader', 'cutter'))
    url.password = secret
    await stopsUntilMended('PASSWORD', url.href, 'STOP_TARGET_REFUSED', 'refuses the login')
  })

  test('is a database without our schema', async () => {
    const url = (await at.server()).url('cutter_reader', 'postgres')
    await stopsUntilMended('BARE', url, 'STOP_TARGET_REFUSED', 'does not have Cutter’s schema')
  })
})

describe('a run id', () => {
  test('that nobody knows is exit code 4, whatever is asked of it', async () => {
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

  test('may be shortened as long as it is clear, and is asked for again when it is not', async () => {
    const runId = await started(at, { document: 'SHORT', source: 'small.md' })
    const bySuffix = jsonOf(await at.cutter(['run', 'show', runId.slice(-8), '--json']))
    expect(bySuffix.runId).toBe(runId)
    const { approvalId } = await rehearse(at, runId.slice(-8))
    const ambiguous = await resume(at, 'ictr', approvalId)
    expect(ambiguous.code).toBe(2)
    expect(ambiguous.stderr).toContain('could be several runs')
  })
})
