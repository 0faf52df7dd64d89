import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
} from 'node:fs'
import { resolve } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, type ErrorJson, jsonOf, type RunJson } from '../support/cli.ts'
import {
  ALICE,
  approve,
  aSigner,
  enableExecution,
  historyOf,
  LIVE,
  rehearseOn,
  resume,
  sign,
} from '../support/cli-steps.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'

const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')
const MANUAL = resolve(import.meta.dirname, '../../docs/machines.md')
const OLD = 'the old key\n'

const homes: CutterHome[] = []
afterEach(async () => {
  await Promise.all(homes.splice(0).map((home) => home.remove()))
})

/** A home with the example's module and a key to rotate. */
function aHome(config = '', change: (source: string) => string = (source) => source): CutterHome {
  const at = aCutterHome(config)
  homes.push(at)
  mkdirSync(at.path('mine'))
  at.file('mine/rotate-keys.ts', change(readFileSync(EXAMPLE, 'utf8')))
  at.file('service.key', OLD)
  return at
}

const MODULE = './mine/rotate-keys.ts'
const start = (at: CutterHome, ...more: string[]) =>
  at.cutter(['run', 'start', MODULE, '--file', 'service.key', '--json', ...more])
const keyOf = (at: CutterHome) => readFileSync(at.path('service.key'), 'utf8')
const errorOf = (answer: Awaited<ReturnType<typeof start>>) => jsonOf<{ error: ErrorJson }>(answer).error

test('docs/machines.md shows the example file unchanged', () => {
  const [, shown] = /```ts[^\n]*\n(.*?)```\n/s.exec(readFileSync(MANUAL, 'utf8')) ?? []
  expect(shown).toBe(readFileSync(EXAMPLE, 'utf8'))
})

describe('the example machine', () => {
  test('run start --help shows the flags of a custom machine and changes nothing', async () => {
    const at = aHome()
    const { code, stdout } = await at.cutter(['run', 'start', MODULE, '--help'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/--file <value>\s+file that holds the key \(required\)/)
    expect(stdout).toContain(`cutter run start ${MODULE} --file …`)
    expect(existsSync(at.path('var'))).toBe(false)
  })

  test('the example machine closes a dry run under a rehearsal and keeps the key', async () => {
    const at = aHome()
    const run = jsonOf(await start(at))
    expect(run).toMatchObject({ status: 'paused', gate: 'SG1', state: 'AWAITING_APPROVAL', mode: 'dry-run' })
    expect(run.runId).toMatch(/^rotate-keys-\d{8}T\d{6}Z-[0-9a-f]{8}$/)
    const done = await rehearseOn(at, run.runId)
    expect([done.code, jsonOf(done).state, jsonOf(done).outcome]).toEqual([
      0,
      'CLOSEOUT_REPORTED',
      'succeeded',
    ])
    expect(keyOf(at)).toBe(OLD)
    const ran = (await historyOf(at, run.runId)).map(({ event }) => event.ran)
    expect(ran.at(-1)).toBe('simulate')
    const verified = await at.cutter(['run', 'history', run.runId, '--verify'])
    expect([verified.code, verified.stderr]).toEqual([0, expect.stringContaining('holds')])
  })

  test('the example machine returns to its gate with a new plan when the key was changed', async () => {
    const at = aHome()
    const { runId, planDigest } = jsonOf(await start(at))
    at.file('service.key', 'another key\n')
    const answer = await rehearseOn(at, runId)
    expect([answer.code, errorOf(answer).reason]).toEqual([3, 'DRIFT'])
    expect(jsonOf(answer).status).toBe('paused')
    expect(jsonOf(answer).planDigest).not.toBe(planDigest)
    expect((await rehearseOn(at, runId)).code).toBe(0)
  })

  test('run start finds a custom machine by its name in cutter.yaml from any folder', async () => {
    const at = aHome(`machines: { rotate-keys: ${MODULE} }\n`)
    const answer = await at.cutter([
      'run',
      'start',
      'rotate-keys',
      '--file',
      at.path('service.key'),
      '--json',
    ])
    expect([answer.code, jsonOf(answer).status]).toEqual([0, 'paused'])
    const elsewhere = spawnSync(
      process.execPath,
      [at.path('.installed/dist/cutter.cjs'), 'run', 'start', 'rotate-keys', '--home', at.home, '--help'],
      { cwd: '/', env: at.env, encoding: 'utf8' },
    )
    expect([elsewhere.status, elsewhere.stdout]).toEqual([0, expect.stringContaining('--file')])
  })
})

describeWithKeys('the example machine, live', () => {
  test('the example machine replaces the key once, under an approval of its own gate', async () => {
    const at = aHome(LIVE)
    const key = aSigner(at, ALICE, 'cutter.rotate-keys.SG1')
    await enableExecution(at)
    const { runId } = jsonOf(await start(at, '--mode', 'live'))
    const done = await approve(at, runId, key)
    expect([done.code, jsonOf(done).outcome]).toEqual([0, 'succeeded'])
    expect(keyOf(at)).toMatch(new RegExp(`^[0-9a-f]{64} ${runId}\n$`))
    expect((await resume(at, runId)).code).toBe(0)
  })

  test('approval sign refuses a key that may approve only another machine’s gate', async () => {
    const at = aHome(LIVE)
    const key = aSigner(at, ALICE, 'cutter.cut.*')
    await enableExecution(at)
    const { runId } = jsonOf(await start(at, '--mode', 'live'))
    const refused = await approve(at, runId, key)
    expect([refused.code, errorOf(refused).code]).toEqual([3, 'APPROVAL_REFUSED'])
    expect(keyOf(at)).toBe(OLD)
  })

  test('a custom machine whose files others may write is refused', async () => {
    const at = aHome(LIVE, (source) => `import './words.ts'\n${source}`)
    at.file('mine/words.ts', "import { writeFileSync } from 'node:fs'\nwriteFileSync('loaded', '')\n")
    const key = aSigner(at, ALICE, 'cutter.rotate-keys.SG1')
    await enableExecution(at)
    const words = at.path('mine/words.ts')
    chmodSync(words, 0o666)
    for (const mode of ['live', 'dry-run']) {
      const refused = await start(at, '--mode', mode)
      expect([refused.code, errorOf(refused).code, errorOf(refused).message]).toEqual([
        3,
        'FILES_UNSAFE',
        expect.stringContaining(`${words} has mode 0666`),
      ])
    }
    expect(existsSync(at.path('loaded'))).toBe(false)

    chmodSync(words, 0o644)
    const { runId } = jsonOf(await start(at, '--mode', 'live'))
    const { approvalId } = await sign(at, runId, key)
    chmodSync(words, 0o666)
    const brought = await resume(at, runId, approvalId)
    expect([brought.code, errorOf(brought).code]).toEqual([3, 'FILES_UNSAFE'])
    const { refusals } = jsonOf<{ refusals: { reason: string }[] }>(
      await at.cutter(['run', 'explain', runId, '--json']),
    )
    expect(refusals).toMatchObject([{ reason: 'FILES_UNSAFE' }])
    expect(keyOf(at)).toBe(OLD)
    chmodSync(words, 0o644)
    expect(jsonOf(await resume(at, runId, approvalId)).outcome).toBe('succeeded')
  })

  test('the policy of cutter.yaml holds for a custom machine and must name one of its gates', async () => {
    const policy = (gate: string) =>
      `${LIVE}machines: { rotate-keys: ${MODULE} }\napprovals: { policy: { ${gate}: { of: [bob@example.org] } } }\n`
    const at = aHome(policy('rotate-keys.SG1'))
    const key = aSigner(at, ALICE, 'cutter.rotate-keys.*')
    await enableExecution(at)
    const { runId } = jsonOf(await start(at, '--mode', 'live'))
    const refused = await approve(at, runId, key)
    expect([refused.code, errorOf(refused).reason]).toEqual([3, 'SIGNER_NOT_ALLOWED'])
    at.file('cutter.yaml', policy('rotate-keys.SG7'))
    const mistyped = await start(at, '--mode', 'live')
    expect([mistyped.code, errorOf(mistyped).code]).toEqual([2, 'CONFIG_INVALID'])
    expect(errorOf(mistyped).message).toContain('rotate-keys has no gate SG7')
  })

  test.each([
    ['before it is done', 'await writeFile('],
    ['after it is done', 'return { output: { report: { rotated: file } } }\n  },\n  simulate'],
  ])('a run that is killed in its write, %s, resumes and writes once', async (_, there) => {
    // A process of its own, because a machine that ends this one by itself is stopped.
    const kill = `(await import('node:child_process')).execFileSync('kill', ['-9', String(process.pid)])`
    const dies = `if (process.env.DIE === 'yes') ${kill}\n    ${there}`
    const at = aHome(LIVE, (source) => {
      expect(source).toContain(there)
      return source.replace(there, dies)
    })
    const key = aSigner(at, ALICE, 'cutter.rotate-keys.*')
    await enableExecution(at)
    const { runId } = jsonOf(await start(at, '--mode', 'live'))
    at.env.DIE = 'yes'
    await expect(approve(at, runId, key)).rejects.toThrow('SIGKILL')
    at.env.DIE = 'no'
    const between = keyOf(at)
    const done = await resume(at, runId)
    expect([done.code, jsonOf(done).outcome]).toEqual([0, 'succeeded'])
    const last = (await historyOf(at, runId)).at(-1)!
    if (between === OLD) expect(last.event).toMatchObject({ ran: 'execute', attempt: 2 })
    else expect([last.event.ran, keyOf(at)]).toEqual(['probe', between])
    expect(keyOf(at)).toContain(runId)
  })
})

describe('a module that was removed or replaced', () => {
  test('a missing module is named, and its run can be cancelled', async () => {
    const at = aHome()
    const { runId } = jsonOf(await start(at))
    renameSync(at.path('mine'), at.path('moved'))
    const gone = await resume(at, runId)
    expect([gone.code, errorOf(gone)]).toEqual([
      4,
      expect.objectContaining({
        code: 'MACHINE_NOT_FOUND',
        message: expect.stringContaining('mine/rotate-keys.ts'),
      }),
    ])
    const chain = await at.cutter(['run', 'history', runId, '--verify'])
    expect(chain.code).toBe(0)
    const cancelled = await at.cutter(['run', 'cancel', runId, '--reason', 'module lost', '--json'])
    expect([cancelled.code, jsonOf(cancelled).outcome]).toEqual([3, 'cancelled'])
  })

  test('a moved module is found by its path in cutter.yaml', async () => {
    const at = aHome()
    const { runId } = jsonOf(await start(at))
    renameSync(at.path('mine'), at.path('moved'))
    at.file('cutter.yaml', 'machines: { rotate-keys: ./moved/rotate-keys.ts }\n')
    expect((await rehearseOn(at, runId)).code).toBe(0)
  })

  test('a module of the same name does not replace another while its run is open', async () => {
    const at = aHome()
    const { runId } = jsonOf(await start(at))
    mkdirSync(at.path('other'))
    copyFileSync(at.path('mine/rotate-keys.ts'), at.path('other/rotate-keys.ts'))
    const other = () =>
      at.cutter(['run', 'start', './other/rotate-keys.ts', '--file', 'service.key', '--json'])
    const refused = await other()
    expect([refused.code, errorOf(refused).code]).toEqual([2, 'INPUT_REFUSED'])
    expect(errorOf(refused).message).toContain(at.path('mine/rotate-keys.ts'))
    expect(jsonOf<RunJson[]>(await at.cutter(['run', 'list', '--json']))).toHaveLength(1)
    await at.cutter(['run', 'cancel', runId, '--reason', 'make room'])
    expect((await other()).code).toBe(0)
  })

  test('a module with a name that cutter.yaml gives to another is refused', async () => {
    const at = aHome('machines: { rotate-keys: ./other/rotate-keys.ts }\n')
    const answer = await start(at)
    expect([answer.code, errorOf(answer).code]).toEqual([2, 'INPUT_REFUSED'])
    expect(errorOf(answer).message).toContain(at.path('other/rotate-keys.ts'))
  })

  test.each([
    ['itself', 'mine/rotate-keys.ts'],
    ['in what it imports', 'mine/lib/path.ts'],
  ])('a module that was changed %s does not move its run', async (_, changed) => {
    const at = aHome('', (source) => source.replace("from 'node:path'", "from './lib/path'"))
    mkdirSync(at.path('mine/lib'))
    at.file('mine/lib/path.ts', "export { resolve } from 'node:path'\n")
    const { runId } = jsonOf(await start(at))
    const { stdout } = await at.cutter(['approval', 'rehearse', runId, '--json'])
    const { approvalId } = JSON.parse(stdout)
    at.file(changed, `${readFileSync(at.path(changed), 'utf8')}// and more\n`)
    for (const answer of [await resume(at, runId), await resume(at, runId, approvalId)])
      expect([answer.code, errorOf(answer).code]).toEqual([3, 'MACHINE_CHANGED'])
    const sign = await at.cutter(['approval', 'rehearse', runId, '--json'])
    expect([sign.code, errorOf(sign).code]).toEqual([3, 'MACHINE_CHANGED'])
    const check = await at.cutter(['machine', 'check', '--json'])
    expect([check.code, JSON.parse(check.stdout)]).toEqual([
      3,
      [
        expect.objectContaining({
          runId,
          verdict: 'stranded',
          why: expect.stringContaining('was started under'),
        }),
      ],
    ])
  })
})

describe('cutter machine', () => {
  test('machine list shows shipped machines, registered machines and machines started by path', async () => {
    const at = aHome('machines: { broken: ./nowhere.ts }\n')
    await start(at)
    const machines = JSON.parse((await at.cutter(['machine', 'list', '--json'])).stdout)
    expect(machines).toEqual([
      expect.objectContaining({ name: 'cut', from: 'shipped', gates: ['SG1', 'SG2'] }),
      expect.objectContaining({ name: 'deploy', from: 'shipped', gates: ['SG1'] }),
      expect.objectContaining({ name: 'migrate', from: 'shipped', gates: ['SG1', 'SG2'] }),
      expect.objectContaining({ name: 'rollback', from: 'shipped', gates: ['SG2'] }),
      expect.objectContaining({ name: 'teardown', from: 'shipped' }),
      expect.objectContaining({ name: 'adopt', from: 'shipped', gates: [] }),
      expect.objectContaining({ name: 'rotate-keys', from: at.path('mine/rotate-keys.ts'), gates: ['SG1'] }),
      expect.objectContaining({
        name: 'broken',
        version: null,
        error: expect.stringContaining('nowhere.ts'),
      }),
    ])
  })

  test('machine graph draws a chart, and run graph marks the milestone of the run', async () => {
    const at = aHome()
    const { stdout } = await at.cutter(['machine', 'graph', MODULE])
    expect(stdout).toContain('AWAITING_APPROVAL --> CLOSEOUT_REPORTED: rotate')
    expect(stdout).not.toContain('classDef here')
    const { runId } = jsonOf(await start(at))
    const drawn = await at.cutter(['run', 'graph', runId])
    expect(drawn.stdout).toMatch(/class AWAITING_APPROVAL here\n$/)
    expect((await at.cutter(['machine', 'graph', 'cut'])).stdout).toContain('gate SG2')
    const unknown = await at.cutter(['machine', 'graph', 'cuts', '--json'])
    expect([unknown.code, errorOf(unknown).code]).toEqual([4, 'MACHINE_NOT_FOUND'])
  })

  test('machine check finds no stranded run where no machine changed', async () => {
    const at = aHome()
    await start(at)
    const check = await at.cutter(['machine', 'check', '--json'])
    expect([check.code, JSON.parse(check.stdout)]).toEqual([
      0,
      [expect.objectContaining({ verdict: 'same' })],
    ])
  })
})

describe('a module that is not a machine', () => {
  test('run start refuses a module with the first fault and starts nothing', async () => {
    const at = aHome('', (source) => source.replace('async probe(', 'async prob('))
    const answer = await start(at)
    expect([answer.code, errorOf(answer).code]).toEqual([2, 'INPUT_REFUSED'])
    expect(errorOf(answer).message).toMatch(
      /its write effect rotate \(\S*rotate-keys\.ts:\d+\) has no probe: .*; nothing was changed/,
    )
    expect(jsonOf<RunJson[]>(await at.cutter(['run', 'list', '--json']))).toEqual([])
  })

  test('run start answers a module path without a file with exit code 4', async () => {
    const at = aHome()
    for (const name of ['./mine/nothing.ts', './mine', 'rotate-keys']) {
      const answer = await at.cutter(['run', 'start', name, '--json'])
      expect([answer.code, errorOf(answer).code]).toEqual([4, 'MACHINE_NOT_FOUND'])
    }
  })

  test('loading a module leaves no transpiled copy and ignores JITI_ variables', async () => {
    const at = aHome()
    at.env.TMPDIR = at.path('tmp')
    at.env.JITI_FS_CACHE = 'true'
    at.env.JITI_ALIAS = JSON.stringify({ xstate: at.path('evil.js') })
    mkdirSync(at.path('tmp'))
    expect((await start(at)).code).toBe(0)
    expect(readdirSync(at.path('tmp'))).toEqual([])
  })
})

describe('flags of a custom machine', () => {
  const SOURCE = `
import { chart, defineMachine, planOf, readEffect, gated, success, work } from 'cutter'
import { z } from 'zod'
const input = z.object({
  count: z.number().int().optional(),
  force: z.boolean().default(false),
  dryAir: z.boolean().optional(),
  colour: z.enum(['red', 'blue']).default('red'),
  names: z.array(z.string()).default([]),
  limits: z.object({ low: z.number() }).optional(),
  id: z.string().optional(),
})
const look = readEffect({ name: 'look', input, execute: async (_, given) => ({ output: { report: { given } } }) })
export const machine = defineMachine({
  name: 'flags', version: '1', input, effects: [look],
  logic: chart({ PENDING: work('look', 'DONE'), DONE: success }),
})
`
  const given = async (...flags: string[]) => {
    const at = aHome()
    at.file('flags.ts', SOURCE)
    const answer = await at.cutter(['run', 'start', 'flags.ts', '--json', ...flags])
    return answer.code === 0 ? jsonOf(answer).output.given : errorOf(answer).message
  }

  test('flags of a custom machine are numbers, switches, lists and JSON by its schema', async () => {
    expect(
      await given(
        '--count',
        '7',
        '--force',
        '--no-dry-air',
        '--names',
        'a',
        'b',
        '--limits',
        '{"low":1}',
        '--id',
        '7',
      ),
    ).toEqual({
      count: 7,
      force: true,
      dryAir: false,
      colour: 'red',
      names: ['a', 'b'],
      limits: { low: 1 },
      id: '7',
    })
    expect(await given()).toEqual({ force: false, colour: 'red', names: [] })
  })

  test('flags that do not fit the schema are refused', async () => {
    expect(await given('--count', 'many')).toContain('count: Invalid input: expected number')
    expect(await given('--colour', 'green')).toContain('colour: ')
    expect(await given('--limits', 'low')).toContain('limits: ')
  })
})

test('a chart written in plain XState by the conventions runs', async () => {
  const at = aHome()
  at.file(
    'plain.mjs',
    `
import { closed, gate, planOf, readEffect, stopped } from 'cutter'
import { assign, setup } from 'xstate'
import { z } from 'zod'
const input = z.object({})
const logic = setup({ actions: { take: assign({ approvalId: ({ event }) => event.approvalId }) } }).createMachine({
  context: { output: {}, planDigest: null, stop: null, approvalId: null },
  initial: 'LOOKING',
  on: { CANCEL: '.CANCELLED' },
  states: {
    LOOKING: { invoke: { id: 'look', src: 'look', input: {}, onDone: { target: 'WAITING', actions: assign({ planDigest: ({ event }) => event.output.planDigest }) }, onError: 'FAILED' } },
    WAITING: { meta: gate('SG1'), on: { APPROVE: { target: 'DONE', actions: 'take' }, REJECT: 'REJECTED', VOID: 'REJECTED' } },
    DONE: { type: 'final', meta: closed('succeeded') },
    REJECTED: { type: 'final', meta: closed('rejected') },
    CANCELLED: { type: 'final', meta: closed('cancelled') },
    FAILED: { type: 'final', meta: closed('failed') },
  },
})
const look = readEffect({ name: 'look', input, execute: async () => planOf('SG1', { look: 'around' }) })
export const machine = { name: 'plain', version: '7.1', input, effects: [look], logic }
`,
  )
  const { runId, status } = jsonOf(await at.cutter(['run', 'start', 'plain.mjs', '--json']))
  expect(status).toBe('paused')
  const done = await rehearseOn(at, runId)
  expect([done.code, jsonOf(done).state]).toEqual([0, 'DONE'])
})
