import { copyFileSync, existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answerWords } from '../../src/cli/completion/answer-words.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { type ApprovalJson, aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { rehearse } from '../support/cli-steps.ts'

const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')
const CONFIG = 'machines: { rotate-keys: ./rotate-keys.ts }\n'

let at: CutterHome
let runId: string
let short: string
let approval: ApprovalJson

beforeAll(async () => {
  at = aCutterHome(CONFIG)
  copyFileSync(EXAMPLE, at.path('rotate-keys.ts'))
  at.file('service.key', 'the old key\n')
  const started = await at.cutter(['run', 'start', 'rotate-keys', '--file', 'service.key', '--json'])
  runId = jsonOf(started).runId
  short = runId.slice(-8)
  approval = await rehearse(at, runId)
})
afterAll(() => at.remove())

const linesOf = (answer: string) => answer.trimEnd().split('\n')
const valuesOf = (answer: string) =>
  linesOf(answer)
    .slice(0, -1)
    .map((line) => line.split('\t')[0]!)

/** What may follow, for words that name nothing of a home. */
const here = async (...words: string[]) => valuesOf(await answerWords(buildProgram(), words))
/** What may follow, as the program says in the home. */
const completions = async (...words: string[]) =>
  valuesOf((await at.cutter(['complete', '--', ...words])).stdout)

describe('cutter complete', () => {
  test('completes commands, verbs, options and their values', async () => {
    expect(await here('inb')).toEqual(['inbox'])
    expect(await here('run', 'gr')).toEqual(['graph'])
    expect(await here('run', 'list', '--sta')).toEqual(['--status'])
    expect(await here('run', 'list', '--status', '')).toEqual(['working', 'paused', 'stopped', 'closed'])
    expect(await here('run', 'list', '--status=pa')).toEqual(['paused'])
    expect(await here('completion', '')).toEqual(['bash', 'zsh', 'fish'])
    expect(await here('run', 'show', '--ho')).toEqual(['--home'])
  })

  test('completes shipped machines, and the flags of their input', async () => {
    expect(await here('run', 'start', 'cu')).toEqual(['cut'])
    expect(await here('run', 'start', 'cut', '--pro')).toEqual(['--profile'])
    expect(await here('run', 'start', 'cut', '--mode', '')).toEqual(['dry-run', 'live'])
    expect(await here('run', 'start', 'deploy', '--prev')).toEqual(['--previous'])
  })

  test('describes a group of commands as its help does', async () => {
    const program = buildProgram()
    const lines = linesOf(await answerWords(program, [''])).slice(0, -1)
    for (const command of buildProgram().commands.filter(({ commands }) => commands.length > 0))
      expect(lines).toContain(`${command.name()}\t${command.description()}`)
    expect(lines.filter((line) => line.endsWith('\t'))).toEqual([])
  })

  test.each([
    [['--home', '/srv/x', 'run', 'start', 'cut', '--source', '']],
    [['run', '--json', 'start', 'cut', '--source', '']],
    [['run', 'start', '--mode', 'live', 'cut', '--document', 'LAW', '--source', '']],
    [['run', 'start', '--by', 'bot', 'deploy', '--checks', '']],
  ])('knows the flags of a machine behind options: %j', async (words) => {
    expect(linesOf(await answerWords(buildProgram(), words)).at(-1)).toBe(':0')
  })

  test('offers the machines that cutter.yaml names', async () => {
    // A loaded machine may take longer than whoever pressed the key waits.
    await expect.poll(() => completions('run', 'start', 'rot')).toEqual(['rotate-keys'])
    await expect.poll(() => completions('machine', 'graph', '')).toContain('rotate-keys')
  })

  test('completes runs by the id that lists show, or by any that was begun', async () => {
    expect(await completions('run', 'show', '')).toEqual([short])
    expect(await completions('run', 'show', short.slice(0, 4))).toEqual([short])
    expect(await completions('run', 'show', runId.slice(0, 6))).toEqual([runId])
    expect(await completions('approval', 'sign', '')).toEqual([short])
    expect(await completions('token', 'create', '--run', '')).toEqual([short])
    expect((await at.cutter(['complete', '--', 'run', 'show', ''])).stdout).toContain(
      'rotate-keys, waits SG1',
    )
  })

  test('completes the approvals of the run that is named, or all', async () => {
    const { approvalId } = approval
    expect(await completions('approval', 'show', '')).toEqual([approvalId])
    expect(await completions('run', 'resume', short, '--approval', '')).toEqual([approvalId])
    expect(await completions('run', 'resume', short, `--approval=${approvalId.slice(0, 6)}`)).toEqual([
      approvalId,
    ])
  })

  test('lists the runs of the home that is named, and makes no home', async () => {
    const elsewhere = { cwd: at.path('.installed') }
    const there = await at.cutter(['complete', '--', '--home', at.home, 'run', 'show', ''], elsewhere)
    expect(there.stdout).toContain(short)
    const empty = aCutterHome()
    try {
      expect((await empty.cutter(['complete', '--', 'run', 'show', ''])).stdout).toBe(':4\n')
      expect(existsSync(empty.path('var'))).toBe(false)
    } finally {
      await empty.remove()
    }
  })

  test.each([
    [['verify', ''], ':0'],
    [['verify', '--signers', ''], ':0'],
    [['--home', ''], ':0'],
    [['run', 'start', './'], ':0'],
    [['run', 'start', 'cut', '--source', ''], ':0'],
    [['run', 'start', 'cut', '--source=a'], ':0'],
    [['document', 'diff', 'old.md', ''], ':0'],
    [['machine', 'new', ''], ':0'],
    [['run', 'list', '--status', ''], ':4'],
    [['run', 'cancel', '--reason', ''], ':4'],
    [['ver'], ':4'],
  ])('tells the shell whether a file may follow %j', async (words, last) => {
    expect(linesOf(await answerWords(buildProgram(), words)).at(-1)).toBe(last)
  })

  test('offers no command of its own', async () => {
    expect(valuesOf((await at.cutter(['complete', '--', ''])).stdout)).not.toContain('complete')
  })
})

test('completion refuses another shell', async () => {
  expect(await at.cutter(['completion', 'csh'])).toMatchObject({ code: 2 })
})
