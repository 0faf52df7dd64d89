import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { buildProgram } from '../../src/cli/program.ts'
import { describeWithKeys, type KeyFolder, openKeyFolder } from '../support/ssh-keys.ts'
import { adderModule } from './adder-module.ts'
import { hintsIn, waysIn } from './next-ways.ts'

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

const ALICE = 'alice@example.org'
const folders: string[] = []
let keys: KeyFolder

/** A run in a home, with its target. */
interface Situation {
  home: string
  /** The module as the run started with it. */
  module: string
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
async function cutter({ home, target }: Pick<Situation, 'home' | 'target'>, args: string[]): Promise<Answer> {
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

/** A home with the machine, in which live runs may start. */
async function aHome(target: Target, module: string): Promise<Omit<Situation, 'runId'>> {
  const home = folderOf('base')
  mkdirSync(join(home, 'mine'))
  writeFileSync(join(home, 'mine/adder.ts'), module)
  writeFileSync(
    join(home, 'cutter.yaml'),
    'execution: { allowLive: true }\nmachines: { adder: mine/adder.ts }\n',
  )
  writeFileSync(join(home, 'allowed_signers'), `${ALICE} ${keys.publicKey('alice')}\n`)
  const at = { home, target, module }
  await cutter(at, ['execution', 'enable', '--for', '2h', '--reason', 'test'])
  return at
}

const START = ['run', 'start', 'adder', '--name', 'a', '--mode', 'live', '--by', 'bot']

async function aLiveRun(target: Target): Promise<Situation> {
  const at = await aHome(target, adderModule())
  const { json } = await cutter(at, START)
  return { ...at, runId: json.runId! }
}

/** The run whose process hangs in its write, as the next process finds it after that one died, with its target gone. */
async function diedInWrite(at: Omit<Situation, 'runId'>, command: string[]): Promise<Situation> {
  void cutter(at, command).catch(() => {})
  await expect.poll(() => at.target.units, { timeout: 20_000 }).toBe(1)
  vi.restoreAllMocks()
  const copy = copyOf({ ...at, runId: '' })
  const db = new Database(join(copy.home, 'var/cutter.db'))
  const dead = JSON.stringify({ host: 'here', pid: 1, processStart: '0' })
  db.prepare('update effects set owner = ?, lease_until = ?').run(dead, '2020-01-01T00:00:00.000Z')
  const runId = db.prepare('select run_id from runs').pluck().get() as string
  db.close()
  return { ...copy, runId, target: { units: 1, write: 'throws', probe: 'is gone' } }
}

const sign = async (at: Situation, ...more: string[]) =>
  (await cutter(at, ['approval', 'sign', at.runId, '--as', ALICE, '--key', keys.path('alice'), ...more])).json
    .approvalId as string

/** A copy that commands may change. */
function copyOf({ home, target, ...rest }: Situation): Situation {
  const copy = folderOf('copy')
  cpSync(home, copy, { recursive: true })
  return { ...rest, home: copy, target: { ...target } }
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
    return diedInWrite(at, ['run', 'resume', at.runId, '--approval', approval, '--by', 'bot'])
  },
  'died in a trial before its gate, and the target is gone': async () =>
    diedInWrite(
      await aHome({ units: 0, write: 'hangs', probe: 'answers' }, adderModule({ triesFirst: true })),
      START,
    ),
}

/** `false` where the fault cannot happen. */
const FAULTS: { [name: string]: (at: Situation) => unknown } = {
  'its machine is installed': () => {},
  'its module is gone': ({ home }) => rmSync(join(home, 'mine/adder.ts')),
  'it has lost evidence': ({ home }) => {
    const db = new Database(join(home, 'var/cutter.db'))
    for (const trigger of db.prepare("select name from sqlite_schema where type = 'trigger'").pluck().all())
      db.exec(`drop trigger ${trigger}`)
    const { changes } = db.prepare("delete from run_evidence where name = 'plan/SG1'").run()
    db.close()
    return changes > 0
  },
  'its machine has a version that takes it over': ({ home, module }) =>
    writeFileSync(
      join(home, 'mine/adder.ts'),
      adderModule({ triesFirst: module.includes('TRIED'), version: 2 }),
    ),
  'its definition changed': ({ home }) => appendFileSync(join(home, 'mine/adder.ts'), '\n// another text\n'),
}

/** What a person does who is asked to correct something first. */
function repair({ home, module, target }: Situation): void {
  writeFileSync(join(home, 'mine/adder.ts'), module)
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

/** What an answer or the closeout claims of a run that has written, and that nobody can know. */
function falseClaims({ home, runId, target }: Situation, answer: Answer): string[] {
  if (target.units === 0) return []
  const closeout = join(home, 'var/runs', runId, 'closeout.md')
  const texts = [JSON.stringify(answer.json), existsSync(closeout) ? readFileSync(closeout, 'utf8') : '']
  return texts.flatMap(
    (text) => /no write was (?:done|begun)|nothing was written|Nothing of what/i.exec(text)?.[0] ?? [],
  )
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
        if (apply(broken) === false) {
          expect(state).toContain('before its gate')
          continue
        }
        /** Whether what a text names closes the run. */
        const seen = new Map<string, boolean>()
        for (const [name, run] of Object.entries(COMMANDS)) {
          const after = copyOf(broken)
          const answer = await run(after)
          refused.push(...falseClaims(after, answer).map((text) => `${fault}: ${name} claims “${text}”`))
          const hints = hintsIn(answer.json)
          for (const next of hints.filter((one) => !seen.has(one))) {
            seen.set(next, false)
            for (const { needsRepair, commands } of waysIn(next)) {
              const at = copyOf(after)
              if (needsRepair) repair(at)
              followed += 1
              const last = await follow(at, commands)
              const { json } = last
              const isAsked =
                next.includes('then waits for an approval') && json.error?.code === 'APPROVAL_REQUIRED'
              refused.push(
                ...falseClaims(at, last).map((text) => `${fault}: ${commands.join(' → ')} claims “${text}”`),
              )
              if (/^(?:abandoned|cancelled|succeeded)$/.test(String(json.outcome))) seen.set(next, true)
              if (json.error !== undefined && !isAsked)
                refused.push(
                  `${fault}: ${name} says “${next}”; ${commands.join(' → ')} is refused: ${JSON.stringify(json.error)}`,
                )
            }
          }
          // Whoever wants to end the run is led to what ends it.
          const wantsEnd = ['cancel', 'void', 'abandon'].includes(name) && answer.json.error !== undefined
          if (wantsEnd && !hints.some((next) => seen.get(next)))
            refused.push(`${fault}: ${name} names nothing that closes the run: “${hints.join(' ')}”`)
        }
        const isClosed = [...seen.values()].includes(true)
        if (!isClosed) refused.push(`${fault}: nothing that is named closes the run`)
      }
      expect(refused).toEqual([])
      expect(followed).toBeGreaterThan(5)
    })
  }
})
