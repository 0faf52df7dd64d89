import { chmodSync, copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { SMTPServer } from 'smtp-server'
import { Webhook } from 'standardwebhooks'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { MESSAGE_KINDS } from '../../src/domain/message.ts'
import { checkMessages } from '../../src/service/doctor/message-checks.ts'
import { aService, type HttpService } from '../support/http-service.ts'
import { aMessageReceiver, type MessageReceiver } from '../support/message-receiver.ts'
import { type KeyFolder, openKeyFolder } from '../support/ssh-keys.ts'

/** What receivers get to know of runs and holds, by real servers, programs and mail. */

const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')
const BASE = 'machines: { rotate-keys: ./rotate-keys.ts }\nexecution: { allowLive: true }\n'
const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes here').toString('base64')}`
const HOOK_SECRET = 'postgres://cutter:hunter2secret@db.internal:5432/main'

let at: HttpService | null = null
let keys: KeyFolder
let receiver: MessageReceiver
let admin: string
let operator: string

beforeEach(async () => {
  keys = openKeyFolder()
  keys.key('alice')
  keys.key('mallory')
  receiver = await aMessageReceiver()
})
afterEach(async () => {
  await at?.remove()
  at = null
  await receiver.close()
  keys.remove()
})

const inHome = (name: string) => join(at!.home.folder, name)
const QUICK = { firstPause: 20, longestPause: 200, attempt: 2_000, clock: 50, examined: 50 }

async function aHome(messages: string, times: object = {}): Promise<void> {
  const env = {
    HOOK_SECRET: SECRET,
    SLACK_URL: `${receiver.url}/slack`,
    DATABASE_URL: HOOK_SECRET,
    PATH: '/usr/bin:/bin',
  }
  at = await aService(`${BASE}messages: ${messages}\n`, { env, outboxTimes: { ...QUICK, ...times } })
  copyFileSync(EXAMPLE, inHome('rotate-keys.ts'))
  writeFileSync(inHome('key'), 'the first key\n')
  writeFileSync(inHome('allowed_signers'), `alice@example.org ${keys.publicKey('alice')}\n`, { mode: 0o600 })
  admin = await at.token({ name: 'ann', role: 'admin' })
  operator = await at.token({ name: 'deploybot', role: 'operator' })
  await at.post('/api/v1/execution/enable', admin, { for: '1h', reason: 'a test' })
}

const webhook = (more = '') =>
  `{ receivers: { ops: { webhook: { url: '${receiver.url}/hook', secretEnv: HOOK_SECRET }${more} } } }`

async function start(mode = 'live'): Promise<string> {
  const body = { machine: 'rotate-keys', input: { file: inHome('key') }, mode }
  const { json } = await at!.post('/api/v1/runs', operator, body)
  expect(json).toMatchObject({ status: 'paused', gate: 'SG1' })
  return json.runId
}

async function bringApproval(runId: string, name = 'alice'): Promise<string> {
  const body = { as: 'alice@example.org', decision: 'approve', reason: 'read it' }
  const { text } = await at!.post(`/api/v1/runs/${runId}/statement`, operator, body)
  const { tools } = (await at!.home.app()).deps.trust
  const signature = await signText({
    text,
    keyFile: keys.path(name),
    namespace: 'cutter.rotate-keys.SG1',
    tools,
  })
  const { json } = await at!.post('/api/v1/approvals', operator, { statement: text, signature })
  return json.approvalId
}

const resume = (runId: string, approval: string) =>
  at!.post(`/api/v1/runs/${runId}/resume`, operator, { approval })

const types = (path = '/hook') =>
  receiver.received.filter((one) => one.path === path).map(({ body }) => JSON.parse(body).type)

describe('a webhook', () => {
  test('gets each message of a run in order, signed so that its own library verifies it, with a link', async () => {
    await aHome(webhook())
    const runId = await start()
    const wrong = await bringApproval(runId)
    writeFileSync(inHome('key'), 'another key than the one that was planned\n')
    expect((await resume(runId, wrong)).json.reason).toBe('DRIFT')
    // The plan is another one now, so the run has arrived at its gate again.
    await expect.poll(types).toEqual(['run.paused', 'run.paused', 'run.refused'])
    const again = await at!.post(`/api/v1/runs/${runId}/cancel`, operator, { reason: 'no more' })
    expect(again.json).toMatchObject({ outcome: 'cancelled' })
    await expect.poll(types).toEqual(['run.paused', 'run.paused', 'run.refused', 'run.closed'])
    const [paused, , refused] = receiver.received
    const { data, timestamp } = new Webhook(SECRET).verify(
      paused!.body,
      paused!.headers as never,
    ) as never as {
      data: object
      timestamp: string
    }
    expect(Date.parse(timestamp)).toBeLessThanOrEqual(Date.now())
    expect(data).toMatchObject({
      runId,
      machine: 'rotate-keys',
      mode: 'live',
      gate: 'SG1',
      link: `${at!.url}/runs/${runId}`,
    })
    expect(JSON.parse(refused!.body).data).toMatchObject({ reason: 'DRIFT' })
    const ids = receiver.received.map(({ headers }) => headers['webhook-id'])
    expect(new Set(ids).size).toBe(4)
    expect(await at!.home.store.messageReceivers()).toEqual([])
  })

  test('gets to know of an approval and a hold', async () => {
    await aHome(webhook())
    const runId = await start()
    const approvalId = await bringApproval(runId)
    expect((await resume(runId, approvalId)).json).toMatchObject({ outcome: 'succeeded' })
    await at!.post('/api/v1/hold/on', operator, { reason: 'incident' })
    await at!.post('/api/v1/hold/off', admin, {})
    await expect
      .poll(() => types().sort())
      .toEqual(['hold.off', 'hold.on', 'run.approved', 'run.closed', 'run.paused'])
    const held = receiver.received.map(({ body }) => JSON.parse(body)).find(({ type }) => type === 'hold.on')
    expect(held.data).toEqual({ by: 'deploybot', reason: 'incident', link: `${at!.url}/` })
  })

  test('gets to know of a run that stopped, with its stop code', async () => {
    await aHome(webhook())
    const body = { machine: 'rotate-keys', input: { file: inHome('no-such-key') } }
    const { runId, stopCode } = (await at!.post('/api/v1/runs', operator, body)).json
    await expect.poll(types).toEqual(['run.stopped'])
    expect(JSON.parse(receiver.received[0]!.body).data).toMatchObject({ runId, stopCode, status: 'stopped' })
    expect(stopCode).toMatch(/^STOP_/)
  })

  test('that fails gets a message again after pauses that double, up to the longest', async () => {
    await aHome(webhook())
    receiver.status = 503
    const failed = vi.spyOn(at!.home.store, 'messageFailed')
    await start('dry-run')
    await expect.poll(() => failed.mock.calls.length).toBeGreaterThan(4)
    const pauses = failed.mock.calls.map(
      ([, { triedAt, nextAt }]) => Date.parse(nextAt!) - Date.parse(triedAt),
    )
    expect(pauses.slice(0, 5)).toEqual([20, 40, 80, 160, 200])
  })

  test('gets only the kinds and machines that cutter.yaml names', async () => {
    await aHome(webhook(', kinds: [run.closed, hold.on], machines: [cut]'))
    const runId = await start('dry-run')
    await at!.post(`/api/v1/runs/${runId}/cancel`, operator, { reason: 'no more' })
    await at!.post('/api/v1/hold/on', operator, { reason: 'incident' })
    await expect.poll(types).toEqual(['hold.on'])
  })

  test('that redirects, fails or answers late gets a message again with the same id, and later ones wait for it', async () => {
    await aHome(webhook(), { attempt: 300 })
    receiver.status = 302
    const runId = await start()
    await expect.poll(() => receiver.received.length).toBeGreaterThan(2)
    receiver.status = 503
    await at!.post(`/api/v1/runs/${runId}/cancel`, operator, { reason: 'no more' })
    receiver.status = 0
    const seen = receiver.received.length
    await expect.poll(() => receiver.received.length).toBeGreaterThan(seen + 1)
    expect(new Set(types())).toEqual(new Set(['run.paused']))
    const doctor = await checkMessages(await at!.home.app(), at!.home.env)
    expect(doctor).toMatchObject([{ check: 'messages for ops', status: 'warn' }])
    receiver.status = 204
    await expect.poll(() => types().at(-1)).toBe('run.closed')
    const ids = receiver.received.map(({ headers }) => headers['webhook-id'])
    expect(new Set(ids).size).toBe(2)
    expect(receiver.received.map(({ path }) => path)).not.toContain('/elsewhere')
  })
})

test('a dead receiver blocks no run and no other receiver, and its messages are dead after a time, and shown', async () => {
  const closed = await aMessageReceiver()
  await closed.close()
  const dead = `gone: { webhook: { url: '${closed.url}/', secretEnv: HOOK_SECRET } }`
  const alive = `ops: { webhook: { url: '${receiver.url}/hook', secretEnv: HOOK_SECRET } }`
  await aHome(`{ deadHours: 0.0001, receivers: { ${dead}, ${alive} } }`)
  const runId = await start()
  expect((await resume(runId, await bringApproval(runId))).json).toMatchObject({ outcome: 'succeeded' })
  await expect.poll(types).toEqual(['run.paused', 'run.approved', 'run.closed'])
  const counts = () => at!.home.store.countMessages()
  await expect.poll(counts).toMatchObject([{ receiver: 'gone', state: 'dead', count: 3 }])
  const [finding] = await checkMessages(await at!.home.app(), at!.home.env)
  expect(finding).toMatchObject({
    check: 'messages for gone',
    status: 'fail',
    next: expect.stringContaining('30 days'),
  })
  expect(finding!.message).toMatch(/^3 dead, the first of \S+: no answer: ECONNREFUSED$/)
  expect((await at!.get('/metrics', admin)).text).toContain(
    'cutter_outbox_messages{receiver="gone",state="dead"} 3',
  )
})

test('a receiver that cutter.yaml no longer names keeps its messages waiting, and doctor says so', async () => {
  receiver.status = 503
  await aHome(webhook())
  await start()
  writeFileSync(inHome('cutter.yaml'), BASE)
  await expect
    .poll(async () => (await at!.home.store.countMessages())[0]?.error)
    .toBe('cutter.yaml names no such receiver')
  const findings = await checkMessages({ config: await at!.home.config(), store: at!.home.store }, {})
  expect(findings).toMatchObject([{ check: 'messages for ops', status: 'warn' }])
})

/** A program of a receiver, which appends what it got to a file and ends with the code in another one. */
const NOTIFY = `import { appendFileSync, readFileSync } from 'node:fs'
const [folder, ...args] = process.argv.slice(2)
const given = JSON.parse(readFileSync(0, 'utf8'))
const got = { given, args, env: Object.keys(process.env), cwd: process.cwd() }
appendFileSync(folder + '/got', JSON.stringify(got) + '\\n')
process.exit(Number(readFileSync(folder + '/code', 'utf8')))
`

const receivedByCommand = () =>
  existsSync(inHome('got'))
    ? readFileSync(inHome('got'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    : []

async function aCommand(words: string[], times: object = {}): Promise<void> {
  await aHome('{ receivers: {} }', times)
  const command = JSON.stringify([
    process.execPath,
    ...words.map((word) => word.replace('HOME', at!.home.folder)),
  ])
  writeFileSync(
    inHome('cutter.yaml'),
    `${BASE}messages: { receivers: { script: { command: ${command} } } }\n`,
  )
}
const errorOfCommand = async () => (await at!.home.store.countMessages())[0]?.error

test('a command gets the message on stdin, and no variable of the service', async () => {
  await aCommand(['HOME/notify.mjs', 'HOME', 'two words'])
  writeFileSync(inHome('notify.mjs'), NOTIFY)
  writeFileSync(inHome('code'), '3')
  const runId = await start('dry-run')
  await expect.poll(errorOfCommand).toBe('exit code 3')
  writeFileSync(inHome('code'), '0')
  await expect.poll(() => at!.home.store.countMessages()).toEqual([])
  const [first, ...more] = receivedByCommand()
  expect(first).toMatchObject({
    args: ['two words'],
    cwd: '/',
    given: { type: 'run.paused', data: { runId } },
  })
  expect(more.length).toBeGreaterThan(0)
  expect(new Set([first, ...more].map(({ given }) => given.id)).size).toBe(1)
  expect(first.env).not.toContain('DATABASE_URL')
  expect(first.env).not.toContain('HOOK_SECRET')
})

test('a command that does not end is killed with what it started', async () => {
  const code = `const { spawn } = require('node:child_process')
    require('node:fs').appendFileSync('HOME/pids', spawn('/bin/sleep', ['600']).pid + ' ')
    setInterval(() => {}, 1000)`
  await aCommand(['-e', code], { attempt: 1_500 })
  await start('dry-run')
  await expect.poll(errorOfCommand).toBe('ended by SIGKILL')
  const started = readFileSync(inHome('pids'), 'utf8').trim().split(' ').map(Number)
  const [first] = started
  await expect.poll(() => isAlive(first!)).toBe(false)
})

test('a command that others could write is not run', async () => {
  await aHome('{ receivers: {} }')
  copyFileSync('/bin/true', inHome('notify'))
  chmodSync(inHome('notify'), 0o777)
  const command = `[${inHome('notify')}]`
  writeFileSync(
    inHome('cutter.yaml'),
    `${BASE}messages: { receivers: { script: { command: ${command} } } }\n`,
  )
  await start('dry-run')
  await expect.poll(errorOfCommand).toContain(inHome('notify'))
})

/** A process that has ended and was not waited for is no more alive than one that is gone. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

test('Slack and ntfy get one line and a link, in which nothing is markup', async () => {
  const ntfy = `phone: { ntfy: { url: '${receiver.url}/ntfy', topic: cuts, tokenEnv: HOOK_SECRET } }`
  await aHome(
    `{ link: 'https://cutter.example.org', receivers: { chat: { slack: { urlEnv: SLACK_URL } }, ${ntfy} } }`,
  )
  await at!.post('/api/v1/hold/on', operator, { reason: 'see <!channel> & more' })
  await expect.poll(() => receiver.received.length).toBe(2)
  const bodyOf = (path: string) => JSON.parse(receiver.received.find((one) => one.path === path)!.body)
  expect(bodyOf('/slack').text).toMatch(
    /^Cutter: deploybot switched the hold on: see &lt;!channel&gt; &amp; more\nhttps:\/\/cutter\.example\.org\/$/,
  )
  expect(bodyOf('/ntfy')).toMatchObject({ topic: 'cuts', click: 'https://cutter.example.org/' })
  const { headers } = receiver.received.find(({ path }) => path === '/ntfy')!
  expect(headers.authorization).toBe(`Bearer ${SECRET}`)
})

test('an e-mail has the line as its subject, the link, and one Message-ID for all attempts', async () => {
  const mails: { text: string; to: string[] }[] = []
  let isFull = true
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    authOptional: true,
    onAuth: ({ username }, _session, done) => done(null, { user: username }),
    onData(stream, { envelope }, done) {
      const parts: Buffer[] = []
      stream.on('data', (part: Buffer) => parts.push(part))
      stream.on('end', () => {
        const to = envelope.rcptTo.map(({ address }) => address)
        mails.push({ text: Buffer.concat(parts).toString(), to })
        if (!isFull) return done()
        isFull = false
        done(Object.assign(new Error('mailbox full'), { responseCode: 452 }))
      })
    },
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.server.address() as { port: number }
  try {
    const env = { SMTP_URL: `smtp://cutter:hunter2@127.0.0.1:${port}` }
    const mail = '{ smtpEnv: SMTP_URL, from: cutter@example.org, to: [a@example.org, b@example.org] }'
    at = await aService(`${BASE}messages: { receivers: { mail: { email: ${mail} } } }\n`, {
      env,
      outboxTimes: QUICK,
    })
    operator = await at.token({ name: 'deploybot', role: 'operator' })
    await at.post('/api/v1/hold/on', operator, { reason: 'Điều 5' })
    await expect.poll(() => at!.home.store.countMessages()).toEqual([])
    expect(mails).toHaveLength(2)
    const ids = mails.map(({ text }) => /^Message-ID: (.*)$/im.exec(text)?.[1])
    expect(ids).toEqual([expect.stringMatching(/^<hold\.on\.\S+@example\.org>$/), ids[0]])
    expect(mails[0]!.to).toEqual(['a@example.org', 'b@example.org'])
    expect(mails[0]!.text).toContain(at.url)
    expect(mails[0]!.text).not.toContain('hunter2')
  } finally {
    await new Promise<void>((done) => server.close(() => done()))
  }
})

describe('the clock', () => {
  test('reminds of a run that waits, again each time, and not of one that has moved', async () => {
    await aHome(`{ reminderHours: 0.0001, ${webhook(', kinds: [run.reminder]').slice(1)}`)
    const runId = await start()
    await expect.poll(() => receiver.received.length).toBeGreaterThan(1)
    const { data } = JSON.parse(receiver.received[0]!.body)
    expect(data).toMatchObject({ runId, gate: 'SG1', since: expect.any(String) })
    await at!.post(`/api/v1/runs/${runId}/cancel`, operator, { reason: 'no more' })
    await expect.poll(() => at!.home.store.countMessages()).toEqual([])
    const seen = receiver.received.length
    const ids = receiver.received.map(({ headers }) => headers['webhook-id'])
    expect(new Set(ids).size).toBe(ids.length)
    await new Promise((done) => setTimeout(done, 800))
    expect(receiver.received.length - seen).toBeLessThanOrEqual(1)
  })

  test('tells once of an unused approval that expires soon', async () => {
    await aHome(`{ expiringHours: 25, ${webhook(', kinds: [approval.expiring]').slice(1)}`)
    const runId = await start()
    const approvalId = await bringApproval(runId)
    await expect.poll(types).toEqual(['approval.expiring'])
    expect(JSON.parse(receiver.received[0]!.body).data).toMatchObject({ runId, approvalId })
    await new Promise((done) => setTimeout(done, 300))
    expect(types()).toEqual(['approval.expiring'])
  })

  test('tells once of a run that nobody can approve', async () => {
    await aHome(webhook(', kinds: [run.stranded]'))
    const runId = await start()
    writeFileSync(inHome('allowed_signers'), '# nobody\n', { mode: 0o600 })
    await expect.poll(types).toContain('run.stranded')
    const { data } = JSON.parse(receiver.received[0]!.body)
    expect(data).toMatchObject({ runId, gate: 'SG1', reasons: ['SIGNER_NOT_ALLOWED'] })
  })
})

test('no message holds a secret, a statement, a nonce or a token, whatever happens to a run', async () => {
  await aHome(webhook())
  const runId = await start()
  const refused = await bringApproval(runId, 'mallory')
  await resume(runId, refused)
  const approvalId = await bringApproval(runId)
  await resume(runId, approvalId)
  await at!.post('/api/v1/hold/on', operator, { reason: `it leads to ${'db.internal'}` })
  await expect.poll(() => types().length).toBeGreaterThan(3)
  const text = receiver.received.map(({ body, headers }) => body + JSON.stringify(headers)).join('\n')
  const approvals = await at!.home.store.approvals(runId)
  const forbidden = approvals.flatMap(({ statement, signature }) => [
    statement.nonce,
    signature ?? '-----BEGIN SSH',
  ])
  for (const secret of [...forbidden, SECRET, HOOK_SECRET, operator, admin, 'planDigest', 'historyHead'])
    expect(text).not.toContain(secret)
})

test('cutter.yaml is refused when a receiver has no way or two, or a kind is unknown', async () => {
  await aHome(webhook())
  for (const [given, why] of [
    ['{}', 'must have one of webhook, command, slack, ntfy, email'],
    ['{ command: [notify] }', 'must begin with the absolute path of a program'],
    ['{ command: [/bin/true], slack: { urlEnv: X } }', 'must have one of'],
    ['{ webhook: { secretEnv: X } }', 'must have url, or urlEnv'],
    ['{ command: [/bin/true], kinds: [run.approve] }', 'kinds.0'],
  ]) {
    writeFileSync(inHome('cutter.yaml'), `messages: { receivers: { ops: ${given} } }\n`)
    await expect(at!.home.config(), given).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(why!),
    })
  }
  expect(MESSAGE_KINDS).toHaveLength(10)
})
