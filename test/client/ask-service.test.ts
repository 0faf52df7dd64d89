import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FRAME, framesOf } from '../../src/client/frames.ts'
import {
  type Answer,
  type ApprovalJson,
  aCutterHome,
  type CutterHome,
  type ErrorJson,
  jsonOf,
} from '../support/cli.ts'
import { ALICE, aSigner, charter } from '../support/cli-steps.ts'
import { serve } from '../support/serving-program.ts'

/** The client against services that are gone, false or cut short, and the real one. */

const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')
const CONFIG = 'machines: { rotate-keys: ./rotate-keys.ts }\nexecution: { allowLive: true }\n'

let at: CutterHome
let socket: string
beforeEach(() => {
  at = aCutterHome()
  mkdirSync(at.path('var'))
  socket = at.path('var/cutter.sock')
})
afterEach(() => at.remove())

const errorOf = (answer: Answer) => jsonOf<{ error: ErrorJson }>(answer).error

/** Answers each connection with these bytes, and keeps what it was sent. */
async function falseService(answer: Uint8Array): Promise<{ server: Server; asked: string[] }> {
  const asked: string[] = []
  const server = createServer({ allowHalfOpen: true }, (connection) => {
    connection.on('error', () => undefined)
    connection.once('data', (bytes) => {
      asked.push(bytes.toString())
      connection.end(answer)
    })
  })
  server.listen(socket)
  await once(server, 'listening')
  return { server, asked }
}

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/vnd.cutter.frames\r\n'
const BODY = Buffer.concat([
  ...framesOf(FRAME.out, Buffer.from('hello\n')),
  ...framesOf(FRAME.err, Buffer.from('words\n')),
  ...framesOf(FRAME.exit, Buffer.from('3')),
])
const chunked = (body: Buffer, end = '0\r\n\r\n') =>
  Buffer.concat([
    Buffer.from(`${HEAD}transfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n`),
    body,
    Buffer.from(`\r\n${end}`),
  ])
const plain = (body: Buffer) =>
  Buffer.concat([Buffer.from(`${HEAD}content-length: ${BODY.length}\r\n\r\n`), body])

describe('an answer', () => {
  test.each([
    ['in chunks', chunked(BODY)],
    ['with its length', plain(BODY)],
  ])('%s is shown as it is', async (_, bytes) => {
    const { server } = await falseService(bytes)
    expect(await at.cutter(['run', 'list'])).toEqual({ code: 3, stdout: 'hello\n', stderr: 'words\n' })
    server.close()
  })

  test.each([
    ['no byte', Buffer.alloc(0)],
    ['half of its head', Buffer.from(HEAD.slice(0, 12))],
    ['no body', chunked(Buffer.alloc(0), '')],
    ['a body without its end', plain(BODY.subarray(0, BODY.length - 1))],
    ['half of a chunk', chunked(BODY).subarray(0, HEAD.length + 40)],
    ['no exit code', chunked(BODY.subarray(0, BODY.length - 6))],
    ['something after its exit code', chunked(Buffer.concat([BODY, Buffer.from([1, 0])]))],
    ['another protocol', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n\r\n\r\n')],
  ])('with %s is an error, and no short answer', async (_, bytes) => {
    const { server } = await falseService(bytes)
    const answer = await at.cutter(['run', 'list'])
    expect(answer.code).toBe(1)
    expect(answer.stderr).toContain('was cut short')
    server.close()
  })

  test('that names a file which the command does not is refused, and nothing is written', async () => {
    const path = at.path('planted')
    const body = Buffer.concat([
      ...framesOf(FRAME.file, Buffer.from(path)),
      ...framesOf(FRAME.data, Buffer.from('evil')),
      BODY,
    ])
    const { server } = await falseService(chunked(body))
    const answer = await at.cutter(['run', 'export', 'x', '--out', 'run.tar', '--json'])
    expect([answer.code, errorOf(answer).code]).toEqual([2, 'INPUT_REFUSED'])
    expect(() => chmodSync(path, 0o600)).toThrow('ENOENT')
    server.close()
  })
})

test('the client of a service loads one file of the program, and no package', async () => {
  const { server } = await falseService(chunked(BODY))
  const list = at.path('loaded')
  const write = `require('node:fs').writeFileSync(${JSON.stringify(list)}, Object.keys(require.cache).join('\\n'))`
  const hook = at.file('hook.cjs', `process.on('exit', () => ${write})\n`)
  const { stdout } = await at.cutter(['run', 'show', 'x'], { env: { NODE_OPTIONS: `--require ${hook}` } })
  expect(stdout).toBe('hello\n')
  const loaded = readFileSync(list, 'utf8').split('\n')
  expect(loaded.map((file) => basename(file)).sort()).toEqual(['cutter.cjs', 'hook.cjs'])
  server.close()
})

test.each([
  ['which the command does not name', '/etc/passwd', ['document', 'scan', 'c.md']],
  ['that is a key', 'id_key', ['run', 'list', '--key', 'id_key', 'id_key']],
])('a file %s is not sent to a service that asks for it', async (_, given, args) => {
  at.file('id_key', 'a secret')
  const needs = framesOf(FRAME.needs, Buffer.from(JSON.stringify({ given, as: 'text' })))
  const { server, asked } = await falseService(chunked(Buffer.concat(needs)))
  const answer = await at.cutter([...args, '--json'])
  expect([answer.code, errorOf(answer).message]).toEqual([2, expect.stringContaining('it was not sent')])
  expect(asked.length).toBe(1)
  server.close()
})

test('a service that asks again for the same file is given up', async () => {
  at.file('c.md', 'text')
  const needs = framesOf(FRAME.needs, Buffer.from(JSON.stringify({ given: 'c.md', as: 'text' })))
  const { server, asked } = await falseService(chunked(Buffer.concat(needs)))
  expect((await at.cutter(['document', 'scan', 'c.md'])).code).toBe(1)
  expect(asked.map((text) => text.includes('"files":{"c.md":"text"}'))).toEqual([false, true])
  server.close()
})

describe('without a service', () => {
  test('a socket that nobody listens on is passed by, with a warning', async () => {
    const child = spawn(process.execPath, [
      '-e',
      `require('node:net').createServer().listen(${JSON.stringify(socket)}, () => console.log('listens'))`,
    ])
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'exit')
    const answer = await at.cutter(['run', 'list', '--json'])
    expect([answer.code, jsonOf(answer)]).toEqual([0, []])
    expect(answer.stderr).toBe(`cutter: no service answers at ${socket}, so this command works by itself\n`)
  })

  test.each([
    ['http://127.0.0.1:1', 1, 'INTERNAL', "can't be reached"],
    ['somewhere', 2, 'USAGE', 'is not the address of a service'],
    ['http://127.0.0.1:1/path?x', 2, 'USAGE', 'is not the address of a service'],
  ])('CUTTER_URL %s is an error', async (CUTTER_URL, code, name, words) => {
    const answer = await at.cutter(['run', 'list', '--json'], { env: { CUTTER_URL, CUTTER_TOKEN: 'x' } })
    expect([answer.code, errorOf(answer).code]).toEqual([code, name])
    expect(errorOf(answer).message).toContain(words)
  })

  test('commands that work by themselves ask nobody', async () => {
    const { server, asked } = await falseService(chunked(BODY))
    expect((await at.cutter(['--json', 'migrate', 'new', 'bundle'])).code).toBe(0)
    expect((await at.cutter(['verify', 'none.tar'])).code).toBe(2)
    expect((await at.cutter(['--help'])).code).toBe(0)
    expect(asked).toEqual([])
    server.close()
  })
})

describe('a token', () => {
  test('that others may read is not sent', async () => {
    const { server, asked } = await falseService(chunked(BODY))
    mkdirSync(at.path('.config/cutter'), { recursive: true })
    writeFileSync(at.path('.config/cutter/token'), 'ctk_x\n', { mode: 0o644 })
    const answer = await at.cutter(['run', 'list', '--json'])
    expect([answer.code, errorOf(answer).code]).toEqual([3, 'FILES_UNSAFE'])
    chmodSync(at.path('.config/cutter/token'), 0o600)
    expect((await at.cutter(['run', 'list'])).code).toBe(3)
    expect(asked.map((text) => /authorization: .*/.exec(text)?.[0])).toEqual(['authorization: Bearer ctk_x'])
    server.close()
  })

  test.skipIf(process.getuid?.() !== 0)(
    'is not sent to the socket of another user, unless the home is named (skipped: needs root to make one)',
    async () => {
      const { server, asked } = await falseService(chunked(BODY))
      chownSync(socket, 65534, 65534)
      const env = { CUTTER_TOKEN: 'ctk_secret' }
      expect(jsonOf(await at.cutter(['run', 'list', '--json'], { env }))).toEqual([])
      expect(asked).toEqual([])
      expect((await at.cutter(['--home', at.home, 'run', 'list'], { env })).stdout).toBe('hello\n')
      server.close()
    },
  )
})

describe('the service', () => {
  test('performs what the token of the caller may do, and nothing more', async () => {
    const service = await serve(at)
    try {
      const make = async (role: string) =>
        jsonOf<{ token: string }>(
          await at.cutter(['token', 'create', '--role', role, '--name', role, '--json']),
        ).token
      const as = (CUTTER_TOKEN: string) => ({ env: { CUTTER_URL: service.url, CUTTER_TOKEN } })
      const codeOf = async (args: string[], token: string) => {
        const answer = await at.cutter([...args, '--json'], as(token))
        return answer.code === 0 ? 'done' : errorOf(answer).code
      }
      const tokens = [await make('viewer'), await make('operator'), await make('admin')]
      const REFUSED = 'ACCESS_REFUSED'
      const table: [args: string[], viewer: string, operator: string, admin: string][] = [
        [['run', 'list'], 'done', 'done', 'done'],
        [['machine', 'list'], 'done', 'done', 'done'],
        [
          ['run', 'start', 'cut', '--document', 'X', '--source', '/no/such'],
          REFUSED,
          'INPUT_REFUSED',
          'INPUT_REFUSED',
        ],
        [['run', 'start', './evil.ts'], 'INPUT_REFUSED', 'INPUT_REFUSED', 'INPUT_REFUSED'],
        [
          ['document', 'export', '/no/such', '--format', 'json'],
          'INPUT_REFUSED',
          'INPUT_REFUSED',
          'INPUT_REFUSED',
        ],
        [['batch', 'resume', '--approvals', '/no/such'], REFUSED, 'USAGE', 'USAGE'],
        [['batch', 'start', '/etc'], REFUSED, REFUSED, REFUSED],
        [['store', 'prune', '--older-than', '1s', '--into', '/tmp/x'], REFUSED, REFUSED, REFUSED],
        [['store', 'check'], REFUSED, REFUSED, 'done'],
        [['token', 'list'], REFUSED, REFUSED, 'done'],
        [['target', 'init', 'none'], REFUSED, REFUSED, 'TARGET_NOT_FOUND'],
        [['instance', 'rotate-key', '--reason', 'x'], REFUSED, REFUSED, 'done'],
        [['execution', 'enable', '--for', '1h', '--reason', 'x'], REFUSED, REFUSED, 'done'],
        [['hold', 'on', '--reason', 'x'], 'done', 'done', 'done'],
        [['hold', 'off', '--reason', 'x'], REFUSED, REFUSED, 'done'],
        [['run', 'list', '--home', '/etc'], 'USAGE', 'USAGE', 'USAGE'],
        [
          ['hold', 'on', '--reason', 'x', '--by', 'somebody'],
          'OPERATOR_REFUSED',
          'OPERATOR_REFUSED',
          'OPERATOR_REFUSED',
        ],
      ]
      for (const [args, ...expected] of table) {
        const found = []
        for (const token of tokens) found.push(await codeOf(args, token))
        expect([args.join(' '), ...found]).toEqual([args.join(' '), ...expected])
      }
      const unknown = await at.cutter(['run', 'list', '--json'], as(`ctk_${'A'.repeat(43)}`))
      expect([unknown.code, errorOf(unknown).code]).toEqual([3, 'TOKEN_REFUSED'])
    } finally {
      await service.end('SIGTERM')
    }
  }, 240_000)
})

describe('files of a caller with a token', () => {
  test('travel, and show the same as they show their owner', async () => {
    at.file('cutter.yaml', CONFIG)
    copyFileSync(EXAMPLE, at.path('rotate-keys.ts'))
    at.file('service.key', 'a key\n')
    aSigner(at, ALICE, 'cutter.*')
    const elsewhere = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-elsewhere-')))
    const file = (name: string, text: string) => writeFileSync(join(elsewhere, name), text)
    file('charter.md', charter('One.', 'Two.'))
    file('charter-2.md', charter('One.', 'Three.'))
    await at.cutter(['execution', 'enable', '--for', '1h', '--reason', 'a test'])
    const { runId } = jsonOf(
      await at.cutter(['run', 'start', 'rotate-keys', '--file', 'service.key', '--mode', 'live', '--json']),
    )
    const reads = [
      ['document', 'scan', 'charter.md'],
      ['document', 'diff', 'charter.md', 'charter-2.md', '--json'],
      ['document', 'export', 'charter.md', '--format', 'json', '--json'],
    ]
    const alone = []
    for (const args of reads) alone.push(await at.cutter(args, { cwd: elsewhere }))
    expect(alone.map(({ code }) => code)).toEqual([0, 0, 0])
    const service = await serve(at)
    try {
      const token = async (role: string) =>
        jsonOf<{ token: string }>(
          await at.cutter(['token', 'create', '--role', role, '--name', role, '--json']),
        ).token
      const as = (CUTTER_TOKEN: string) => ({
        cwd: elsewhere,
        env: { CUTTER_URL: service.url, CUTTER_TOKEN, HOME: elsewhere },
      })
      const [operator, viewer] = [as(await token('operator')), as(await token('viewer'))]
      for (const [index, args] of reads.entries())
        expect(await at.cutter(args, operator)).toEqual(alone[index])
      expect(errorOf(await at.cutter([...reads[0]!, '--json'], viewer)).code).toBe('ACCESS_REFUSED')

      const start = ['run', 'start', 'cut', '--document', 'X', '--target', 'none', '--json', '--source']
      // The source was taken, so the next fault is found.
      expect(errorOf(await at.cutter([...start, 'charter.md'], operator)).code).not.toBe('INPUT_REFUSED')
      expect(errorOf(await at.cutter([...start, 'none.md'], operator)).code).toBe('INPUT_REFUSED')

      const exported = await at.cutter(['run', 'export', runId, '--out', 'run.tar'], viewer)
      expect([exported.code, existsSync(join(elsewhere, 'run.tar'))]).toEqual([0, true])
      expect((await at.cutter(['verify', 'run.tar', '--integrity-only'], viewer)).code).toBe(0)

      const statement = await at.cutter(['approval', 'statement', runId, '--as', ALICE], viewer)
      file('statement.json', statement.stdout)
      const sign = ['-Y', 'sign', '-n', 'cutter.rotate-keys.SG1', '-f', at.path('alice_example_org')]
      execFileSync('ssh-keygen', [...sign, join(elsewhere, 'statement.json')], { stdio: 'ignore' })
      const approval = ['approval', 'import', '--statement', 'statement.json']
      const imported = await at.cutter([...approval, '--signature', 'statement.json.sig', '--json'], viewer)
      expect([imported.code, jsonOf<ApprovalJson>(imported).decision]).toEqual([0, 'approve'])
      const key = at.path('alice_example_org')
      const signed = await at.cutter(
        ['approval', 'sign', runId, '--as', ALICE, '--key', key, '--json'],
        viewer,
      )
      expect([signed.code, jsonOf<ApprovalJson>(signed).kind]).toEqual([0, 'signed'])
      // A key that decides stays here, too.
      let closed: string | null = null
      for (const [decision, ...options] of [
        ['void', '--reason', 'withdrawn'],
        ['abandon', '--reason', 'lost'],
      ] as const) {
        const live = jsonOf(
          await at.cutter([
            'run',
            'start',
            'rotate-keys',
            '--file',
            at.path('service.key'),
            '--mode',
            'live',
            '--json',
          ]),
        ).runId
        const decide = ['run', decision, live, ...options, '--as', ALICE, '--key', key, '--json']
        expect(errorOf(await at.cutter(decide, viewer)).code).toBe('ACCESS_REFUSED')
        const decided = await at.cutter(decide, operator)
        expect([decided.code, jsonOf(decided).outcome]).toEqual([
          3,
          decision === 'void' ? 'voided' : 'abandoned',
        ])
        closed = live
        // A closed run is answered as it is.
        expect(jsonOf(await at.cutter(decide, operator)).outcome).toBe(jsonOf(decided).outcome)
      }
      // Nobody signs the end of a run that is open.
      const countersign = (of: string) => [
        'approval',
        'countersign',
        of,
        '--as',
        ALICE,
        '--key',
        key,
        '--json',
      ]
      expect(errorOf(await at.cutter(countersign(runId), viewer)).code).toBe('APPROVAL_REFUSED')
      const countersigned = await at.cutter(countersign(closed!), viewer)
      expect([countersigned.code, jsonOf<{ signer: string }>(countersigned).signer]).toEqual([0, ALICE])
      // Once, also where the home is.
      expect(jsonOf(await at.cutter(countersign(closed!)))).toEqual(jsonOf(countersigned))
      expect(errorOf(await at.cutter([...approval, '--signature', 'none.sig', '--json'], viewer)).code).toBe(
        'INPUT_REFUSED',
      )
    } finally {
      await service.end('SIGTERM')
      rmSync(elsewhere, { recursive: true, force: true })
    }
  }, 240_000)
})
