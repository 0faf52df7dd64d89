import { appendFileSync, cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { buildProgram } from '../../src/cli/program.ts'
import { describeWithKeys, type KeyFolder, openKeyFolder } from '../support/ssh-keys.ts'

/**
 * Every `next:` of every refusal and stop is followed, in each situation of a run that cannot simply continue: the commands of the text are
 * run as they stand, on a copy of the home. None of them may be refused, and some way must close the run.
 */

/** The target of the machine below. It lies in this process, so that a copy of a home gets a target of its own. */
interface Target {
  units: number
  write: 'hangs' | 'throws'
  probe: 'answers' | 'is gone'
}
const world = globalThis as unknown as { waysOut: Target }

const MODULE = `
import { chart, defineMachine, gated, planOf, readEffect, success, work, writeEffect } from 'cutter'
import { z } from 'zod'
const input = z.object({ name: z.string() })
const target = () => globalThis.waysOut
const plan = readEffect({ name: 'plan', input, execute: async (_, { name }) => planOf('SG1', { name }) })
const add = writeEffect({
  name: 'add',
  input,
  async execute() {
    target().units++
    if (target().write === 'hangs') await new Promise(() => {})
    target().probe = 'is gone'
    throw new Error('the connection broke')
  },
  simulate: async () => ({ output: {} }),
  async probe() {
    if (target().probe === 'is gone') return { outcome: 'unknown', why: 'no server' }
    return target().units === 0 ? { outcome: 'not-committed' } : { outcome: 'committed', output: {} }
  },
})
export const machine = defineMachine({
  name: 'adder',
  version: '1',
  input,
  effects: [plan, add],
  logic: chart({
    PENDING: work('plan', 'AWAITING'),
    AWAITING: gated('SG1', { recheck: 'plan', work: 'add', next: 'CLOSEOUT_REPORTED' }),
    CLOSEOUT_REPORTED: success,
  }),
})
`
const ALICE = 'alice@example.org'
const folders: string[] = []
let keys: KeyFolder

/** A run in a home, with its target. */
interface Situation {
  home: string
  runId: string
  target: Target
}

interface Answer {
  code: number
  json: { [field: string]: unknown } & {
    runId?: string
    error?: { code: string; next?: string }
    outcome?: string
  }
}

/** Runs one command line in this process. */
async function cutter({ home, target }: Omit<Situation, 'runId'>, args: string[]): Promise<Answer> {
  world.waysOut = target
  let printed = ''
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text)
    return true
  })
  const err = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  process.exitCode = undefined
  try {
    await buildProgram().parseAsync(['node', 'cutter', ...args, '--home', home, '--json'])
    return { code: Number(process.exitCode ?? 0), json: JSON.parse(printed) }
  } catch (error) {
    return { code: 2, json: { error: { code: 'USAGE', next: '', message: String(error) } as never } }
  } finally {
    process.exitCode = undefined
    out.mockRestore()
    err.mockRestore()
  }
}

function folderOf(name: string): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `cutter-ways-${name}-`)))
  folders.push(folder)
  return folder
}

async function aLiveRun(target: Target): Promise<Situation> {
  const home = folderOf('base')
  mkdirSync(join(home, 'mine'))
  writeFileSync(join(home, 'mine/adder.ts'), MODULE)
  writeFileSync(
    join(home, 'cutter.yaml'),
    'execution: { allowLive: true }\nmachines: { adder: mine/adder.ts }\n',
  )
  writeFileSync(join(home, 'allowed_signers'), `${ALICE} ${keys.publicKey('alice')}\n`)
  const at = { home, target }
  await cutter(at, ['execution', 'enable', '--for', '2h', '--reason', 'test'])
  const { json } = await cutter(at, ['run', 'start', 'adder', '--name', 'a', '--mode', 'live', '--by', 'bot'])
  return { ...at, runId: json.runId! }
}

const sign = async (at: Situation, ...more: string[]) =>
  (await cutter(at, ['approval', 'sign', at.runId, '--as', ALICE, '--key', keys.path('alice'), ...more])).json
    .approvalId as string

/** A copy that commands may change. */
function copyOf({ home, runId, target }: Situation): Situation {
  const copy = folderOf('copy')
  cpSync(home, copy, { recursive: true })
  return { home: copy, runId, target: { ...target } }
}

const STATES: { [name: string]: () => Promise<Situation> } = {
  'waits at its gate': () => aLiveRun({ units: 0, write: 'throws', probe: 'answers' }),
  'stopped after its write threw, and the target is gone': async () => {
    const at = await aLiveRun({ units: 0, write: 'throws', probe: 'answers' })
    await cutter(at, ['run', 'resume', at.runId, '--approval', await sign(at), '--by', 'bot'])
    return at
  },
  'died in its write, and the target is gone': async () => {
    const at = await aLiveRun({ units: 0, write: 'hangs', probe: 'answers' })
    const approval = await sign(at)
    void cutter(at, ['run', 'resume', at.runId, '--approval', approval, '--by', 'bot']).catch(() => {})
    await expect.poll(() => at.target.units, { timeout: 20_000 }).toBe(1)
    vi.restoreAllMocks()
    const copy = copyOf(at)
    const db = new Database(join(copy.home, 'var/cutter.db'))
    const dead = JSON.stringify({ host: 'here', pid: 1, processStart: '0' })
    db.prepare('update effects set owner = ?, lease_until = ?').run(dead, '2020-01-01T00:00:00.000Z')
    db.close()
    return { ...copy, target: { units: 1, write: 'throws', probe: 'is gone' } }
  },
}

const FAULTS: { [name: string]: (at: Situation) => void } = {
  'its machine is installed': () => {},
  'its module is gone': ({ home }) => rmSync(join(home, 'mine/adder.ts')),
  'it has lost evidence': ({ home }) => {
    const db = new Database(join(home, 'var/cutter.db'))
    for (const trigger of db.prepare("select name from sqlite_schema where type = 'trigger'").pluck().all())
      db.exec(`drop trigger ${trigger}`)
    expect(db.prepare("delete from run_evidence where name = 'plan/SG1'").run().changes).toBeGreaterThan(0)
    db.close()
  },
  'its definition changed': ({ home }) => appendFileSync(join(home, 'mine/adder.ts'), '\n// another text\n'),
}

/** What a person does who is asked to correct something first. */
function repair({ home, target }: Situation): void {
  writeFileSync(join(home, 'mine/adder.ts'), MODULE)
  target.probe = 'answers'
}

const COMMANDS: { [name: string]: (at: Situation) => Promise<Answer> } = {
  resume: (at) => cutter(at, ['run', 'resume', at.runId, '--by', 'bot']),
  'resume with an approval': async (at) =>
    cutter(at, ['run', 'resume', at.runId, '--approval', (await sign(at)) ?? 'ap-none', '--by', 'bot']),
  'approval sign': (at) =>
    cutter(at, ['approval', 'sign', at.runId, '--as', ALICE, '--key', keys.path('alice')]),
  cancel: (at) => cutter(at, ['run', 'cancel', at.runId, '--reason', 'gone', '--by', 'bot']),
  void: (at) =>
    cutter(at, ['run', 'void', at.runId, '--reason', 'x', '--as', ALICE, '--key', keys.path('alice')]),
  abandon: (at) => cutter(at, ['run', 'abandon', at.runId, '--by', 'bot']),
  explain: (at) => cutter(at, ['run', 'explain', at.runId]),
}

/** The texts of an answer. Next to an error or to what blocks the run, the stop is that of an earlier time. */
function hintsIn({ error, stop, refusals = [] }: Answer['json']): string[] {
  const blocked = error === undefined ? (refusals as object[]) : [error]
  const texts = blocked.length === 0 ? [stop] : blocked
  return texts.flatMap((one) => (one as { next?: string } | null | undefined)?.next ?? [])
}

const WORD =
  '--[a-z]+|<[a-z]+>|"…"|…|[a-z]+-\\d{8}T\\d{6}Z-[0-9a-f]{8}|(?<=--decision )[a-z]+|(?<=--approval )ap-[0-9a-f]+'
const COMMAND = new RegExp(`cutter (?:run|approval) [a-z]+(?: (?:${WORD}))*`, 'g')

/** The ways of a text: each is a list of commands to run one after another, and whether something must be corrected first. */
function waysIn(next: string): { needsRepair: boolean; commands: string[] }[] {
  return next
    .split(/; or end the run: |; if it will never answer: |; if no backup has it: |[,;] or,? /)
    .flatMap((way) => {
      const commands = [...way.matchAll(COMMAND)].map(([text]) => text)
      const needsRepair = /\bthen\b/.test(way.split('cutter ')[0]!)
      return commands.length === 0 ? [] : [{ needsRepair, commands }]
    })
}

async function follow(at: Situation, commands: string[]): Promise<Answer> {
  let last: Answer = { code: 0, json: {} }
  for (const command of commands) {
    const words = command
      .replace(/^cutter /, '')
      .split(' ')
      .map((word) => {
        if (word === '<run>') return at.runId
        if (word === '<principal>') return ALICE
        if (word === '<file>') return keys.path('alice')
        if (word === '<id>') return String(last.json.approvalId)
        return /…|<[a-z]+>/.test(word) ? 'because' : word
      })
    last = await cutter(at, words)
    if (last.json.error !== undefined) return last
  }
  return last
}

describeWithKeys('the next commands of refusals and stops', () => {
  beforeAll(() => {
    keys = openKeyFolder()
    keys.key('alice')
  })
  afterAll(() => {
    keys.remove()
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  })

  for (const [state, make] of Object.entries(STATES)) {
    test(`of a run that ${state} are not refused, and one of them closes it`, {
      timeout: 240_000,
    }, async () => {
      const base = await make()
      const refused: string[] = []
      let followed = 0
      for (const [fault, apply] of Object.entries(FAULTS)) {
        const broken = copyOf(base)
        apply(broken)
        const seen = new Set<string>()
        let isClosed = false
        for (const [name, run] of Object.entries(COMMANDS)) {
          const after = copyOf(broken)
          for (const next of hintsIn((await run(after)).json)) {
            if (seen.has(next)) continue
            seen.add(next)
            for (const { needsRepair, commands } of waysIn(next)) {
              const at = copyOf(after)
              if (needsRepair) repair(at)
              followed += 1
              const { json } = await follow(at, commands)
              isClosed ||=
                json.outcome === 'abandoned' || json.outcome === 'cancelled' || json.outcome === 'succeeded'
              if (json.error !== undefined)
                refused.push(
                  `${fault}: ${name} says “${next}”; ${commands.join(' → ')} is refused: ${JSON.stringify(json.error)}`,
                )
            }
          }
        }
        if (!isClosed) refused.push(`${fault}: nothing that is named closes the run`)
      }
      expect(refused).toEqual([])
      expect(followed).toBeGreaterThan(5)
    })
  }
})
