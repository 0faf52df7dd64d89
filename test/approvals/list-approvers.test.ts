import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Approver, type ApproverQuestion, listApprovers } from '../../src/approvals/list-approvers.ts'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { verifySignature } from '../../src/approvals/openssh/verify-signature.ts'
import { describeWithKeys, type KeyFolder, openKeyFolder } from '../support/ssh-keys.ts'

const NAMESPACE = 'cutter.cut.SG1'
const AT = new Date('2026-03-01T09:00:00.000Z')

let keys: KeyFolder
let allowedSigners: string

beforeAll(() => {
  keys = openKeyFolder()
  for (const name of ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'ops', 'many'])
    keys.key(name)
  allowedSigners = keys.file(
    'allowed_signers',
    [
      '# who may approve',
      `alice@example.org namespaces="cutter.cut.*" ${keys.publicKey('alice')} laptop`,
      `bob@example.org namespaces="cutter.deploy.*,cutter.migrate.*" ${keys.publicKey('bob')}`,
      `carol@example.org namespaces="cutter.*,!cutter.cut.SG1" ${keys.publicKey('carol')}`,
      `dave@example.org valid-before="20260228" ${keys.publicKey('dave')}`,
      `erin@example.org valid-after="202603010901" ${keys.publicKey('erin')}`,
      `frank@example.org valid-after="20260101",valid-before="20270101" ${keys.publicKey('frank')}`,
      `grace@example.org,deploybot ${keys.publicKey('ops')}`,
      `grace@example.org ${keys.publicKey('grace')}`,
      `*@agents.example.org,!mallory@agents.example.org ${keys.publicKey('many')}`,
      '',
    ].join('\n'),
  )
})
afterAll(() => keys.remove())

async function found(changes: Partial<ApproverQuestion> = {}, revokedKeys?: string) {
  const question = { namespace: NAMESPACE, live: true, at: AT, policy: { fourEyes: true }, operators: [] }
  const trust = { allowedSigners, ...(revokedKeys === undefined ? {} : { revokedKeys }) }
  const { approvers } = await listApprovers(trust, { ...question, ...changes })
  return new Map(approvers.map((approver) => [approver.principal.split('@')[0]!, approver]))
}
const whoMayNow = (approvers: Map<string, Approver>) =>
  [...approvers].filter(([, { may }]) => may).map(([name]) => name)

describeWithKeys('listApprovers', () => {
  test('listApprovers agrees with what OpenSSH answers about a signature of each person', async () => {
    const approvers = await found({ live: false })
    const text = 'statement'
    for (const name of ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace']) {
      const signature = await signText({ text, keyFile: keys.path(name), namespace: NAMESPACE })
      const principal = `${name}@example.org`
      const question = { text, signature, namespace: NAMESPACE, allowedSigners, principal, at: AT }
      const { ok } = await verifySignature(question)
      expect([name, approvers.get(name)?.may]).toEqual([name, ok])
    }
    expect(whoMayNow(approvers)).toEqual(['alice', 'frank', 'grace', 'deploybot', '*'])
  })

  test('listApprovers gives each key as ssh-keygen names it', async () => {
    const printed = execFileSync('ssh-keygen', ['-lf', keys.path('alice.pub')], { encoding: 'utf8' })
    const { keys: listed } = (await found()).get('alice')!
    expect(listed).toEqual([{ type: 'ssh-ed25519', fingerprint: printed.split(' ')[1] }])
    expect((await found()).get('grace')?.keys).toHaveLength(2)
  })

  test('listApprovers gives the reason why a person may not approve', async () => {
    const approvers = await found()
    expect(approvers.get('bob')?.why).toMatch(
      /^SHA256:\S+ may sign for cutter\.deploy\.\*,cutter\.migrate\.\* only$/,
    )
    expect(approvers.get('dave')?.why).toMatch(/was valid only before 20260228 UTC$/)
    expect(approvers.get('erin')?.why).toMatch(/is valid only after 202603010901 UTC$/)
    expect(approvers.get('*')?.why).toMatch(/^a pattern, and a live run/)
  })

  test('listApprovers excludes operators of a live run, by name and by key, unless the policy admits them', async () => {
    const operators = ['Alice@example.org', 'deploybot']
    const approvers = await found({ operators })
    expect(approvers.get('alice')).toMatchObject({
      may: false,
      why: expect.stringContaining('operates this run'),
    })
    // Grace has a key of her own in addition to the one that she shares with the operator.
    expect(whoMayNow(approvers)).toEqual(['frank', 'grace'])
    const grace = readFileSync(allowedSigners, 'utf8').replace(/^grace@example.org ssh.*\n/m, '')
    const complete = allowedSigners
    allowedSigners = keys.file('shared', grace)
    expect((await found({ operators })).get('grace')?.why).toMatch(/also listed for an operator of this run$/)
    allowedSigners = complete
    expect(whoMayNow(await found({ operators, policy: { fourEyes: false } }))).toContain('alice')
    expect(whoMayNow(await found({ operators, live: false }))).toContain('alice')
  })

  test('listApprovers admits only people of the policy, which may name people whom no line lists', async () => {
    const of = [
      'alice@example.org',
      'zoe@example.org',
      'bot@agents.example.org',
      'mallory@agents.example.org',
    ]
    const live = await found({ policy: { of, fourEyes: true } })
    expect(whoMayNow(live)).toEqual(['alice'])
    expect(live.get('frank')?.why).toContain('the policy of cut.SG1 names alice@example.org, zoe@example.org')
    expect(live.get('zoe')).toMatchObject({ keys: [], why: expect.stringContaining('no line') })
    expect(live.get('bot')?.why).toContain('listed by a pattern only')
    expect(whoMayNow(await found({ live: false, policy: { of, fourEyes: true } }))).toEqual(['alice', 'bot'])
  })

  test('listApprovers excludes revoked keys: of a list, of a KRL, and all keys if the file is missing', async () => {
    const list = keys.file('revoked', `${keys.publicKey('alice')}\n`)
    expect(whoMayNow(await found({}, list))).toEqual(['frank', 'grace', 'deploybot'])
    execFileSync('ssh-keygen', ['-q', '-k', '-f', keys.path('krl'), keys.path('frank.pub')])
    expect(whoMayNow(await found({}, keys.path('krl')))).toEqual(['alice', 'grace', 'deploybot'])
    expect(whoMayNow(await found({}, keys.path('nowhere')))).toEqual([])
  })

  test('listApprovers admits nobody if the file is missing', async () => {
    const question = { namespace: NAMESPACE, live: true, at: AT, policy: { fourEyes: true }, operators: [] }
    const answer = await listApprovers({ allowedSigners: keys.path('nowhere') }, question)
    expect(answer).toEqual({ approvers: [], people: 0, readable: false })
  })
})
