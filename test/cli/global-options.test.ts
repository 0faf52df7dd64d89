import { spawn } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { charter } from '../support/cli-steps.ts'

let at: CutterHome

beforeAll(() => {
  at = aCutterHome('targets: { mute: { readerUrlEnv: MUTE, executorUrlEnv: MUTE, verifierUrlEnv: MUTE } }\n')
  at.file('small.md', charter('One.'))
})
afterAll(() => at.remove())

describe('--json and --home', () => {
  test('commands accept --json and --home before or after the subcommand', async () => {
    const plain = await at.cutter(['run', 'list', '--json', '--home', at.home])
    expect(plain).toEqual({ code: 0, stdout: '[]\n', stderr: '' })
    for (const args of [
      ['--json', 'run', 'list', '--home', at.home],
      ['--home', at.home, '--json', 'run', 'list'],
      [`--home=${at.home}`, 'run', '--json', 'list'],
      ['run', '--home', at.home, 'list', '--json'],
    ])
      expect(await at.cutter(args), args.join(' ')).toEqual(plain)
    mkdirSync(at.path('elsewhere'))
    const elsewhere = ['--home', at.path('elsewhere'), 'run', 'start', 'cut', '--document', 'A', '--json']
    expect(jsonOf(await at.cutter(elsewhere)).error?.code).toBe('INPUT_REFUSED')
    expect((await at.cutter(['--json', 'run', 'start', 'fell'])).stdout).toContain('"MACHINE_NOT_FOUND"')
  })

  test('run start refuses --json in place of an option’s value', async () => {
    const answer = await at.cutter(['run', 'start', 'cut', '--document', '--json', '--source', 'small.md'])
    expect(answer.code).toBe(2)
  })
})

test('commands refuse a named home that does not exist, and do not create it', async () => {
  const home = at.path('mistyped')
  for (const [args, env] of [
    [['run', 'list', '--home', home], {}],
    [['run', 'start', './own.ts', '--home', home], {}],
    [['demo', '--home', home], {}],
    [['doctor'], { CUTTER_HOME: home }],
  ] as const) {
    const { code, stderr } = await at.cutter([...args], { env })
    expect([code, stderr]).toEqual([2, expect.stringContaining(`there is no folder ${home}`)])
  }
  expect(existsSync(home)).toBe(false)
})

describe('run start without a machine', () => {
  test('run start without a machine is a usage error, with --json also in JSON', async () => {
    for (const args of [
      ['run', 'start', '--json'],
      ['--json', 'run', 'start'],
      ['run', 'start', '--document', 'A', '--json'],
    ]) {
      const answer = await at.cutter(args)
      expect(answer.code).toBe(2)
      expect(jsonOf(answer).error, args.join(' ')).toEqual({
        code: 'USAGE',
        message: "missing required argument 'machine'",
      })
    }
    const help = await at.cutter(['run', 'start', '--help'])
    expect([help.code, help.stderr]).toEqual([0, ''])
    expect(help.stdout).toContain('cutter run start <machine>')
  })
})

describe('Ctrl-C', () => {
  test('an interrupted command with --json prints the run and the error INTERRUPTED', async () => {
    const mute = createServer()
    const reached = new Promise((done) => mute.once('connection', done))
    await new Promise<void>((done) => mute.listen(0, '127.0.0.1', done))
    const { port } = mute.address() as { port: number }
    const args = [
      'run',
      'start',
      'cut',
      '--document',
      'A',
      '--source',
      'small.md',
      '--target',
      'mute',
      '--json',
    ]
    const child = spawn(process.execPath, [at.path('.installed/dist/cutter.cjs'), ...args], {
      cwd: at.home,
      env: { ...at.env, MUTE: `postgresql://cutter_reader:x@127.0.0.1:${port}/main` },
    })
    let stdout = ''
    child.stdout.on('data', (chunk) => (stdout += chunk))
    const ended = new Promise((done) => child.once('close', done))
    await reached
    child.kill('SIGINT')
    expect(await ended).toBe(130)
    mute.close()
    const { runId, status, error } = JSON.parse(stdout)
    expect([runId, status]).toEqual([expect.stringMatching(/^ictr-/), 'working'])
    expect(error).toEqual({
      code: 'INTERRUPTED',
      message: expect.stringContaining(`cutter run resume ${runId}`),
    })
  })
})
