import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { ALICE, charter, LIVE, rehearse, rehearseOn, resume } from '../support/cli-steps.ts'
import { connectClient, findDeadPort } from '../support/connections.ts'
import { type Cluster, startCluster } from '../support/pg-cluster.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'

/**
 * Secrets with a mark, wherever one can come in; then everything that was written is searched for the marks: what was printed
 * and logged, and every file of the home, the store and the embedded server's own files included.
 */

const CONFIG = `${LIVE}
targets:
  main: { readerUrlEnv: READER_URL, executorUrlEnv: EXECUTOR_URL, verifierUrlEnv: VERIFIER_URL, ownerUrlEnv: OWNER_URL }
`

const marks: string[] = []
const plant = (where: string) => {
  const mark = `plant-${where}-${randomBytes(6).toString('hex')}`
  marks.push(mark)
  return mark
}

let at: CutterHome
let cluster: Cluster
let superuser: pg.Client
let reader: string
const printed: string[] = []

async function cutter(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Answer> {
  const answer = await at.cutter(args, { env: { CUTTER_LOG: 'debug', ...env } })
  printed.push(answer.stdout, answer.stderr)
  return answer
}

const urlFor = (role: string, password: string) => {
  const url = new URL(cluster.url('main', role))
  url.password = encodeURIComponent(password)
  return url.href
}

beforeAll(async () => {
  at = aCutterHome(CONFIG)
  at.file(
    'small.md',
    charter('One.', 'Two.', 'Whoever holds a password: keep it; password=hidden is no secret here.'),
  )
  cluster = await startCluster()
  const maker = await connectClient(cluster.url())
  await maker.query('create database main')
  await maker.end()
  superuser = await connectClient(cluster.url('main'))
  // The cluster lets everybody in, so the passwords may hold whatever is hard to write down.
  reader = `${plant('reader')} '"\\/:@%#?&`
  Object.assign(at.env, {
    READER_URL: urlFor('cutter_reader', reader),
    EXECUTOR_URL: urlFor('cutter_executor', `%41$&${plant('executor')}`),
    VERIFIER_URL: urlFor('cutter_verifier', `'${plant('verifier')}'`),
    OWNER_URL: urlFor('postgres', plant('owner')),
    PGPASSWORD: plant('pgpassword'),
    VAULT_TOKEN: plant('vault'),
  })
  await at.server()
})

afterAll(async () => {
  await superuser.end()
  await at.remove()
  await cluster.stop()
})

/** Each mark as it was planted, and as a URL, a JSON text or base64 would write it; what our own server was given too. */
function forms(): string[] {
  const own = Object.values(
    JSON.parse(readFileSync(at.path('var/embedded/cluster/passwords.json'), 'utf8')) as object,
  )
  const halves = [...marks].map((mark) => Buffer.from(`${mark}___`).toString('base64').slice(0, 24))
  return [...marks, ...(own as string[]), ...halves]
}

/** What the test itself wrote to be refused, and the one file that is made to hold passwords. */
const MEANT = ['cutter.yaml', 'var/embedded/cluster/passwords.json', 'statement.json', 'askpass']

function filesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === '.installed' ? [] : filesOf(path)
    return entry.isFile() && !MEANT.includes(relative(at.home, path)) ? [path] : []
  })
}

const started = ['run', 'start', 'cut', '--source', 'small.md', '--json']

describe('secrets of the environment', () => {
  test('work from the start of a run to its end', async () => {
    const init = await cutter(['target', 'init', 'main'])
    expect(init.code, init.stderr).toBe(0)
    const answer = await cutter([...started, '--document', 'GOOD', '--target', 'main'])
    const { runId } = jsonOf(answer)
    for (const gate of ['SG2', null]) {
      const { approvalId } = await rehearse(at, runId)
      const passed = await cutter(['run', 'resume', runId, '--approval', approvalId, '--json'])
      expect(jsonOf(passed)).toMatchObject({ gate })
    }
    for (const verb of [['target', 'survey', 'main'], ['doctor'], ['run', 'history', runId, '--verify']])
      await cutter(verb)
  })

  test('are not printed when they are wrong', async () => {
    const own = new URL((await at.server()).url('cutter_reader', 'cutter'))
    own.password = encodeURIComponent(`${plant('wrong')}/ü`)
    const port = await findDeadPort()
    const wrong = [
      own.href,
      `postgresql://cutter_reader:${plant('dead')}@127.0.0.1:${port}/main`,
      `postgresql://cutter_reader:${plant('query')}@127.0.0.1:${port}/main?password=${plant('field')}`,
      `postgresql://cutter_reader:12/${plant('slash')}@127.0.0.1:${port}/main`,
      `postgresql://cutter_reader:12#${plant('hash')}@127.0.0.1:${port}/main`,
      `postgresql://cutter_reader:12@${plant('host')}/${plant('database')}@127.0.0.1:${port}/main`,
      `postgresql://cutter_reader@corp:${plant('number')}/x@127.0.0.1:${port}/main`,
      `postgresql://cutter_reader:${plant('port')}@127.0.0.1:${plant('number')}/main`,
      `postgresql://cutter_reader:%zz${plant('percent')}@127.0.0.1:${port}/main`,
      `host=127.0.0.1 port=${port} user=cutter_reader password=${plant('keywords')}`,
      plant('bare'),
    ]
    for (const [index, url] of wrong.entries()) {
      const env = { READER_URL: url, OWNER_URL: url }
      const answer = await cutter([...started, '--document', `WRONG-${index}`, '--target', 'main'], env)
      expect([answer.code, jsonOf(answer).status], answer.stderr).toEqual([3, 'stopped'])
      expect(jsonOf(answer).stopCode).toMatch(/^STOP_TARGET_(REFUSED|UNREACHABLE)$/)
      const verbs = [
        ['target', 'survey', 'main'],
        ['target', 'init', 'main', '--json'],
        ['doctor', '--json'],
      ]
      for (const verb of verbs) expect((await cutter(verb, env)).code).not.toBe(0)
    }
  }, 120_000)

  test('are not printed when a server repeats them in a message, a detail, a hint or a notice', async () => {
    await superuser.query(
      `select * from fn_iu_create(p_address => 'OTHER/ARTICLE-1', p_title => 'x', p_body => 'x', p_actor => 'x', p_doc_code => 'OTHER')`,
    )
    const quoted = superuser.escapeLiteral(`${reader} and ${at.env.EXECUTOR_URL}`)
    await superuser.query(`
      create function public.leak() returns boolean language plpgsql as $leak$ begin
        raise notice '%', ${quoted};
        raise exception using message = 'refused for ' || ${quoted}, detail = ${quoted}, hint = ${quoted};
      end $leak$;
      create policy leak on public.information_unit using (public.leak());
      alter table public.information_unit enable row level security`)
    const answer = await cutter([...started, '--document', 'LEAK', '--target', 'main'])
    await superuser.query(
      'alter table public.information_unit disable row level security; drop policy leak on public.information_unit; drop function public.leak()',
    )
    expect(answer.code).toBe(3)
    expect(jsonOf(answer).stop?.message).toContain('refused for [redacted]')
    expect(answer.stderr).toMatch(/"detail":"\[redacted\] and \[redacted\]"/)
  })
})

/** A user's machine whose effect uses the URL of its database as the input asks. */
const CARELESS = `
import { chart, defineMachine, gated, planOf, readEffect, success, work, writeEffect } from 'cutter'
import { z } from 'zod'
const input = z.object({ how: z.string(), hosts: z.array(z.object({ name: z.string() })).optional() })
const url = () => process.env.READER_URL
const plan = readEffect({
  name: 'plan',
  input,
  async execute(_context, { how }) {
    if (how === 'throws') throw Object.assign(new Error('no ' + url(), { cause: new Error(url()) }), { detail: url() })
    if (how === 'strays') {
      void Promise.reject(new Error('no ' + url()))
      await new Promise((done) => setTimeout(done, 5000))
    }
    if (how === 'reports') return planOf('SG1', { action: 'x' }, { hosts: [{ dsn: 'x' }] })
    if (how === 'plans') return planOf('SG1', { action: 'x', login: { password: 'x' } }, {})
    return planOf('SG1', { action: 'x' }, { report: { from: url() } })
  },
})
const done = async () => ({ output: {} })
const act = writeEffect({ name: 'act', input, execute: done, simulate: done, probe: async () => ({ outcome: 'not-committed' }) })
export const machine = defineMachine({
  name: 'careless',
  version: '1',
  input,
  effects: [plan, act],
  logic: chart({
    PENDING: work('plan', 'WAITING'),
    WAITING: gated('SG1', { recheck: 'plan', work: 'act', next: 'CLOSEOUT_REPORTED' }),
    CLOSEOUT_REPORTED: success,
  }),
})
`

describe('secrets in a user’s own effect', () => {
  const careless = (how: string, ...more: string[]) =>
    cutter(['run', 'start', './careless.ts', '--how', how, ...more, '--json'])

  beforeAll(() => void at.file('careless.ts', CARELESS))

  test('are redacted in its errors and its facts', async () => {
    expect(jsonOf(await careless('throws')).stop).toMatchObject({
      message: expect.stringMatching(/^plan threw: no \[redacted\] \(.*careless\.ts:\d+:\d+\)$/),
    })
    expect(jsonOf(await careless('says'))).toMatchObject({ gate: 'SG1', output: { from: '[redacted]' } })
  })

  test('are redacted in an uncaught error', async () => {
    const answer = await careless('strays')
    expect([answer.code, jsonOf(answer).error]).toEqual([
      1,
      expect.objectContaining({
        code: 'INTERNAL',
        message: expect.stringContaining('where no effect waits for it: no [redacted] ('),
      }),
    ])
  })

  test('are refused by the path of their key: in facts, in plans, in the input', async () => {
    const stops = [jsonOf(await careless('reports')), jsonOf(await careless('plans'))]
    expect(stops.map(({ stopCode }) => stopCode)).toEqual(['STOP_REFUSED_INPUT', 'STOP_REFUSED_INPUT'])
    expect(stops[0]!.stop?.message).toContain('output.hosts[0].dsn')
    expect(stops[1]!.stop?.message).toMatch(/plan\/SG1[^ ]*\.login\.password/)
    const hosts = JSON.stringify([{ name: 'a', password: plant('input') }])
    const answer = await careless('says', '--hosts', hosts)
    expect([answer.code, jsonOf(answer).error?.code]).toEqual([2, 'INPUT_REFUSED'])
    expect(answer.stderr).toContain('input.hosts[0].password')
  })
})

describe('secrets in defaults of a user’s machine and in host names', () => {
  test('are redacted in its help, and no run starts with them', async () => {
    const fallback = `z.string().default('postgresql://a:${plant('default')}@h/d')`
    const login = `z.object({ password: z.string() }).default({ password: '${plant('filled')}' })`
    const source = CARELESS.replace('how: z.string()', `how: ${fallback}, login: ${login}`)
    at.file('careless.ts', source.replace("'careless'", "'filled-in'"))
    const start = ['run', 'start', './careless.ts']
    expect((await cutter([...start, '--help'])).stdout).toContain('default: postgresql://a:[redacted]@h/d')
    const answer = await cutter([...start, '--json'])
    expect([answer.code, jsonOf(answer).error?.code]).toEqual([2, 'INPUT_REFUSED'])
    rmSync(at.path('careless.ts'))
  })

  test('are refused in a host name that is a URL', async () => {
    const deploy = 'run start deploy --source . --commit HEAD --path /x --json --host'
    const answer = await cutter([...deploy.split(' '), `root:${plant('host')}@web`])
    expect([answer.code, jsonOf(answer).error?.code]).toEqual([2, 'USAGE'])
  })
})

describe('secrets in cutter.yaml', () => {
  const texts: [string, () => string, string][] = [
    ['a key', () => `execution: { password: ${plant('key')} }\n`, 'execution.password'],
    ['a key of a target', () => `targets: { main: { dsn: ${plant('target')} } }\n`, 'targets.main.dsn'],
    [
      'a URL',
      () => `targets: { main: { readerUrlEnv: 'postgresql://a:${plant('url')}@h/d' } }\n`,
      'targets.main.readerUrlEnv',
    ],
    [
      'a URL of the wrong kind',
      () => `approvals: { allowedSigners: 'https://a:${plant('https')}@h/d' }\n`,
      'approvals.allowedSigners',
    ],
    ['a line that is no YAML', () => `execution:\n  password: ${plant('line')}: x\n`, 'line 2'],
    ['an unclosed text', () => `execution: "${plant('quote')}\n`, 'line'],
    ['an alias', () => `execution: *${plant('alias')}\n`, 'alias'],
    ['a tag', () => `execution: !secret ${plant('tag')}\n`, 'tag'],
    ['a list for a key', () => `? [password, ${plant('list')}]\n: x\n`, 'a key is not a text'],
    ['a value of the wrong kind', () => `caps: { units: ${plant('kind')} }\n`, 'caps.units'],
    ['two documents', () => `execution: {}\n---\npassword: ${plant('second')}\n`, 'several documents'],
  ]

  test.each(texts)('are refused by their path: %s', async (_what, text, place) => {
    at.file('cutter.yaml', text())
    const answer = await cutter(['execution', 'status', '--json'])
    expect([answer.code, jsonOf(answer).error?.code]).toEqual([2, 'CONFIG_INVALID'])
    expect(answer.stderr).toContain(place)
    expect(answer.stderr).not.toContain('parseAllDocuments')
    at.file('cutter.yaml', CONFIG)
  })

  test('are not found in the name of a document or a target', async () => {
    at.file(
      'cutter.yaml',
      `documents: { SECRETS-ACT: { source: ./small.md }, password: { source: ./small.md } }
machines: { rotate-token: ./rotate.ts }
approvals: { policy: { rotate-token.SG1: { need: 1 } } }
`,
    )
    expect((await cutter(['execution', 'status', '--json'])).code).toBe(0)
    at.file('cutter.yaml', CONFIG)
  })
})

describe('secrets in other YAML files', () => {
  const texts: [string, () => string][] = [
    ['a tag', () => `x: !secret ${plant('other-tag')}\n`],
    ['an alias', () => `x: *${plant('other-alias')}\n`],
    ['an unclosed text', () => `x: "${plant('other-quote')}\n`],
    ['a line that is no YAML', () => `x: ${plant('other-line')}: y\n`],
    ['an unknown key', () => `password: ${plant('other-key')}\n`],
  ]

  test.each(texts)('are refused and not printed: %s', async (_what, text) => {
    const deploy = 'run start deploy --source . --commit HEAD --host h --path /x --checks checks.yaml'
    for (const [file, args] of [
      ['checks.yaml', deploy.split(' ')],
      ['mine/bundle.yaml', ['migrate', 'lint', 'mine']],
      ['own.yaml', ['document', 'scan', 'small.md', '--profile', 'own']],
    ] as const) {
      mkdirSync(at.path('mine'), { recursive: true })
      at.file(file, text())
      at.file('cutter.yaml', file === 'own.yaml' ? `${CONFIG}profiles: { own: ./own.yaml }\n` : CONFIG)
      const answer = await cutter([...args, '--json'])
      expect(answer.code, file).toBeGreaterThan(0)
      rmSync(at.path(file))
    }
    at.file('cutter.yaml', CONFIG)
  })
})

describe('secrets on the command line', () => {
  const samples: [string, () => string][] = [
    ['a URL', () => `postgresql://a:${plant('flag')}@h/d`],
    ['a connection string', () => `host=h password=${plant('conninfo')}`],
    [
      'a private key',
      () => `-----BEGIN OPENSSH PRIVATE KEY-----\n${plant('pem')}\n-----END OPENSSH PRIVATE KEY-----`,
    ],
    ['a header', () => `Authorization: Bearer ${plant('bearer')}`],
    ['a token', () => `ghp_${plant('x').replace(/\W/g, '')}${'0'.repeat(20)}`],
    ['the password of a target', () => reader],
    ['a secret that no config names', () => at.env.VAULT_TOKEN!],
  ]

  let runId: string
  beforeAll(async () => {
    runId = jsonOf(await at.cutter([...started, '--document', 'FLAGS', '--target', 'main'])).runId
  })

  /** Each refused by its option's name, with nothing saved. */
  async function areRefused(acts: string[][]) {
    const kept = (await at.cutter(['run', 'list', '--json'])).stdout
    for (const [option, ...args] of acts) {
      const answer = await cutter([...args, '--json'])
      expect([answer.code, jsonOf(answer).error?.code], args.join(' ')).toEqual([2, 'INPUT_REFUSED'])
      expect(answer.stderr).toContain(option)
    }
    expect((await at.cutter(['run', 'list', '--json'])).stdout).toBe(kept)
  }

  test.each(samples)('are refused in an option and in the input: %s', async (_what, make) => {
    const secret = make()
    await areRefused([
      ['--reason', 'run', 'cancel', runId, '--reason', secret],
      ['input', 'run', 'start', 'cut', '--document', 'A', '--source', secret],
    ])
    // Nothing is stored of these, but each repeats the path in its error.
    for (const args of [
      ['document', 'scan', secret],
      ['batch', 'start', secret],
      ['migrate', 'lint', secret],
      ['run', 'adopt', secret, '--host', 'web1'],
      [
        'run',
        'start',
        'deploy',
        '--source',
        '.',
        '--commit',
        'main',
        '--host',
        'h',
        '--path',
        '/p',
        '--checks',
        secret,
      ],
    ])
      expect((await cutter([...args, '--json'])).code, args.join(' ')).toBe(2)
    await cutter(['run', 'list', `--password=${secret}`, '--json'])
    await cutter(['run', 'start', 'cut', `--token=${secret}`])
  })

  test('are refused in every text of an operator or an approver', async () => {
    const start = [...started, '--document', 'A']
    const verbs = (secret: string) => [
      ['--by', ...start, '--by', secret],
      ['--key', ...start, '--key', secret],
      ['--by', 'run', 'resume', runId, '--approval', 'ap-1', '--by', secret],
      ['--approval', 'run', 'resume', runId, '--approval', secret],
      ['--reason', 'approval', 'rehearse', runId, '--reason', secret],
      ['--as', 'approval', 'rehearse', runId, '--as', secret],
      ['--reason', 'approval', 'statement', runId, '--as', ALICE, '--reason', secret],
      ['--reason', 'execution', 'enable', '--for', '1h', '--reason', secret],
      ['--by', 'execution', 'disable', '--reason', 'x', '--by', secret],
      ['--reason', 'hold', 'on', '--reason', secret],
      ['--by', 'hold', 'on', '--reason', 'x', '--by', secret],
    ]
    await areRefused([...verbs(`postgresql://a:${plant('printed')}@h/d`), ...verbs(reader)])
  }, 120_000)
})

describeWithKeys('secrets of approvers', () => {
  test('are not printed: a wrong passphrase, a reason that was signed elsewhere', async () => {
    const key = at.path('alice')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', plant('passphrase'), '-C', 'alice', '-f', key])
    const { runId } = jsonOf(await at.cutter([...started, '--document', 'SIGNED', '--target', 'main']))
    const signing = ['approval', 'sign', runId, '--as', ALICE, '--key', key]
    expect((await cutter(signing)).code).toBe(2)
    at.file('askpass', `#!/bin/sh\necho ${plant('askpass')}\n`)
    chmodSync(at.path('askpass'), 0o700)
    const asked = { SSH_ASKPASS: at.path('askpass'), SSH_ASKPASS_REQUIRE: 'force', DISPLAY: ':0' }
    expect((await cutter(signing, asked)).stderr).toContain('passphrase')

    const open = at.path('bob')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'bob', '-f', open])
    const { stdout } = await at.cutter(['approval', 'statement', runId, '--as', ALICE, '--reason', 'REASON'])
    at.file('statement.json', stdout.replace('REASON', `see postgresql://a:${plant('signed')}@h/d`))
    execFileSync(
      'ssh-keygen',
      ['-q', '-Y', 'sign', '-n', 'cutter.cut.SG1', '-f', open, at.path('statement.json')],
      {
        stdio: 'ignore',
      },
    )
    const imported = [
      'approval',
      'import',
      '--statement',
      'statement.json',
      '--signature',
      'statement.json.sig',
    ]
    const answer = await cutter([...imported, '--json'])
    expect([answer.code, jsonOf(answer).error?.code]).toEqual([2, 'INPUT_REFUSED'])
    expect(answer.stderr).toContain('reason seems to hold a URL with a password')
  })
})

describe('after all these tests', () => {
  test('nothing that was printed or logged holds a secret', () => {
    expect(marks.length).toBeGreaterThan(30)
    const all = printed.join('\n')
    expect(all).toContain('[redacted]')
    expect(forms().filter((form) => all.includes(form))).toEqual([])
  })

  test('no file of the home holds a secret: not the store, its WAL, or the files of the server', async () => {
    // A run in the midst keeps the log of writes open, as a reader of the disk would find it.
    const runId = jsonOf(await at.cutter([...started, '--document', 'LAST', '--target', 'main'])).runId
    await rehearseOn(at, runId)
    expect((await resume(at, runId)).code).toBe(3)
    const files = filesOf(at.home)
    expect(files.map((file) => relative(at.home, file))).toContain('var/cutter.db')
    const found = files.flatMap((file) => {
      // The server lives on, and takes files of its own away; not those of ours.
      if (file.includes('/cluster/data/') && !existsSync(file)) return []
      const bytes = readFileSync(file)
      return forms().flatMap((form) =>
        bytes.includes(form) ? [`${form} in ${relative(at.home, file)}`] : [],
      )
    })
    expect(found).toEqual([])
    // The document itself is evidence as it is.
    expect(readFileSync(at.path('var/cutter.db')).includes('password=hidden is no secret')).toBe(true)
  })
})
