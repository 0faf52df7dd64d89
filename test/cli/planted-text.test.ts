import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { withDatabase } from '../store/store-folders.ts'
import { type Answer, aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { charter, enableExecution, LIVE } from '../support/cli-steps.ts'
import { PLANTED, plantedLines } from '../support/planted-text.ts'

/** Every command for people, in a home whose machines, documents, errors and operators have planted texts wherever one is taken. */

const WORDS = JSON.stringify(PLANTED)

/** A machine whose plan, facts, stop, evidence and descriptions are planted. */
const MACHINE = `
import { chart, defineMachine, gated, jsonEvidence, planOf, readEffect, Stop, success, work, writeEffect } from 'cutter'
import { z } from 'zod'
const text = ${WORDS}
const input = z.object({ fails: z.string().default('').describe(text), note: z.string().default(text) })
const plan = readEffect({ name: 'plan', input, async execute() {
  return planOf('SG1', { [text]: text, actions: [{ action: text, [text]: [text] }], rollback: { [text]: text } }, {})
} })
const apply = writeEffect({ name: 'apply', input,
  async execute(_context, { fails }) {
    if (fails === 'stop') throw new Stop('STOP_DRIFT', text, { next: text, data: { differences: [text, text], [text]: text } })
    if (fails === 'throw') throw new Error(text)
    return { output: { report: { [text]: text, standsAs: text } } }
  },
  async simulate(context, given) { return apply.execute!(context, given) },
  async probe() { return { outcome: 'unknown', why: text } } })
export const machine = defineMachine({ name: 'planted', version: '1', input, effects: [plan, apply],
  logic: chart({
    PENDING: work('plan', 'AWAITING_APPROVAL'),
    AWAITING_APPROVAL: gated('SG1', { recheck: 'plan', work: 'apply', next: 'CLOSEOUT_REPORTED' }),
    CLOSEOUT_REPORTED: success }) })
`

let at: CutterHome
const answers: { args: string[]; answer: Answer }[] = []

beforeAll(() => {
  at = aCutterHome(`${LIVE}machines: { planted: ./planted.ts }\n`)
  at.file('planted.ts', MACHINE)
})
afterAll(() => at.remove())

async function cutter(...args: string[]): Promise<Answer> {
  const answer = await at.cutter(args)
  answers.push({ args, answer })
  return answer
}

/** Does something as people do, and returns the id in the JSON of the same command where there is one. */
async function runIdOf(...args: string[]): Promise<string> {
  return jsonOf(await at.cutter([...args, '--json'])).runId
}

/** A hold as earlier versions took it, before the commands refused control characters in a reason and a label. */
function holdAsEarlierVersions(): void {
  withDatabase(join(at.home, 'var', 'cutter.db'), (db) => {
    const insert = db.prepare("insert into holds (kind, reason, by, at) values ('on', ?, ?, ?)")
    insert.run(PLANTED, PLANTED, '2026-11-29T00:00:00.000Z')
  })
}

/** Whatever a command says to people: stdout unless it is JSON, and stderr. A statement is printed as the bytes to sign. */
const faults = () =>
  answers.flatMap(({ args, answer }) =>
    [answer.stdout, answer.stderr]
      // Help breaks long descriptions, and indents what follows. A line fitted to a terminal is continued after a mark.
      .flatMap((text) => plantedLines(text, args.includes('--help') ? /^ {4}/ : /^ *… /))
      .map((line) => `cutter ${args.join(' ')}: ${JSON.stringify(line)}`),
  )

/** As files get it, and then fitted to a terminal. */
const atEachWidth = async (work: () => Promise<void>) => {
  await work()
  at.env.COLUMNS = '80'
  await work()
  delete at.env.COLUMNS
}

const showAll = async (runId: string) => {
  await atEachWidth(async () => {
    for (const verb of ['show', 'history', 'explain', 'graph']) await cutter('run', verb, runId)
    for (const args of [['run', 'list'], ['inbox'], ['inbox', '--as', PLANTED]]) await cutter(...args)
  })
  await cutter('run', 'graph', runId, '--format', 'chart')
  await cutter('run', 'review', runId, '--as', PLANTED)
  await cutter('run', 'report', runId)
  await cutter('run', 'cancel', runId)
  await cutter('run', 'plan', runId, '--format', 'markdown')
  await cutter('run', 'history', runId, '--verify')
}

// A minute on an idle machine.
const MINUTES = { timeout: 300_000 }

test(
  'no planted text of a machine, a reason or an operator makes a line of any command',
  MINUTES,
  async () => {
    await enableExecution(at)
    await cutter('run', 'start', 'planted', '--help')
    await cutter('run', 'start', 'planted', '--by', PLANTED)
    await cutter('run', 'start', 'planted', '--fails', PLANTED)
    await cutter('run', 'start', PLANTED)
    for (const fails of ['', 'stop', 'throw']) {
      const runId = await runIdOf(
        'run',
        'start',
        'planted',
        '--fails',
        fails,
        '--key',
        `key ${fails} ${PLANTED}`,
      )
      await cutter('run', 'show', runId)
      await cutter('run', 'explain', runId)
      await cutter('approval', 'rehearse', runId, '--as', PLANTED, '--reason', PLANTED)
      const { approvalId } = jsonOf<{ approvalId: string }>(
        await at.cutter(['approval', 'rehearse', runId, '--reason', 'read', '--json']),
      )
      for (const verb of [['list'], ['show', approvalId]]) await cutter('approval', ...verb)
      await cutter('run', 'resume', runId, '--approval', PLANTED)
      await cutter('run', 'resume', runId, '--approval', approvalId, '--by', PLANTED)
      await cutter('run', 'resume', runId, '--approval', approvalId)
      await cutter('run', 'resume', runId)
      await cutter('approval', 'list', runId)
      await showAll(runId)
      await cutter('run', 'export', runId, '--out', at.path(`${fails} bundle\u200b.tar`))
      await cutter('verify', at.path(`${fails} bundle\u200b.tar`))
    }
    await cutter('hold', 'on', '--reason', PLANTED)
    for (const args of [
      ['hold', 'status'],
      ['run', 'list'],
      ['run', 'start', 'planted'],
      ['execution', 'status'],
    ])
      await cutter(...args)
    holdAsEarlierVersions()
    for (const args of [
      ['hold', 'status'],
      ['run', 'list'],
      ['run', 'start', 'planted'],
      ['hold', 'off'],
    ])
      await cutter(...args)
    await cutter('execution', 'enable', '--for', '1h', '--reason', PLANTED)
    await cutter('execution', 'status')
    for (const args of [
      ['machine', 'list'],
      ['machine', 'check'],
      ['machine', 'graph', 'planted'],
      ['doctor'],
    ])
      await cutter(...args)
    expect(faults()).toEqual([])
    expect(
      answers.filter(({ answer }) => `${answer.stdout}${answer.stderr}`.includes('PLANTED')).length,
    ).toBeGreaterThan(15)
  },
)

test('no report of these runs has a planted line', () => {
  const runs = join(at.home, 'var', 'runs')
  const pages = readdirSync(runs, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.md'),
  )
  const found = pages.flatMap((name) =>
    plantedLines(readFileSync(join(runs, name), 'utf8')).map((line) => `${name}: ${line}`),
  )
  expect(found).toEqual([])
  expect(pages.length).toBeGreaterThan(8)
})

test(
  'no name of a file, a document, an option or a folder makes a line of any command',
  MINUTES,
  async () => {
    answers.length = 0
    const name = PLANTED.replaceAll('/', '')
    at.file('old.md', charter('One.', `Two ${PLANTED}`))
    at.file(
      'new.md',
      charter(`One \u001b[31m${PLANTED}`, 'Three.').replace('Article 1', 'Article 1 \u202eo\u200bne'),
    )
    for (const args of [
      ['document', 'scan', 'old.md', '--all'],
      ['document', 'scan', 'new.md', '--document', PLANTED],
      ['document', 'scan', name],
      ['document', 'profiles', PLANTED],
      ['run', 'start', 'cut', '--document', PLANTED, '--source', name],
      ['run', 'start', 'cut', '--document', 'A', '--source', 'old.md', '--target', PLANTED],
      ['run', 'show', PLANTED],
      ['batch', 'start', name],
      ['batch', 'show', PLANTED],
      ['migrate', 'lint', name],
      ['migrate', 'new', at.path('fresh')],
      ['migrate', 'propose', name],
      ['migrate', 'propose', at.path('fresh'), '--target', PLANTED],
      ['document', 'list', '--target', PLANTED],
      ['document', 'show', PLANTED, '--target', 'none'],
      ['document', 'history', PLANTED, '--target', 'none'],
      ['document', 'search', PLANTED, '--target', 'none'],
      ['run', 'review', PLANTED, '--as', PLANTED],
      ['run', 'report', PLANTED, '--html', '--out', at.path('report.html')],
      ['run', 'list', '--output', PLANTED],
      ['token', 'create', '--role', 'viewer', '--name', PLANTED],
      ['token', 'revoke', PLANTED],
      ['token', 'list'],
      ['target', 'list'],
      ['target', 'survey', PLANTED],
      ['rehearsal', 'remove', PLANTED],
      ['machine', 'graph', PLANTED],
      ['store', 'restore', name],
      ['verify', name],
      ['approval', 'show', PLANTED],
      ['approval', 'import', '--statement', name, '--signature', name],
      ['run', 'list', `--${PLANTED}`],
      [PLANTED],
    ])
      await cutter(...args)
    at.file(
      'fresh/bundle.yaml',
      readFileSync(at.path('fresh/bundle.yaml'), 'utf8').replace('name: fresh', `${WORDS}: ${WORDS}`),
    )
    await cutter('migrate', 'lint', at.path('fresh'))
    at.file('cutter.yaml', `${WORDS}: ${WORDS}\n`)
    await cutter('doctor')
    await cutter('run', 'start', 'planted')
    expect(faults()).toEqual([])
  },
)
