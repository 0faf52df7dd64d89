import { chmodSync, copyFileSync, mkdirSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { composeRehearsal, parseApproval } from '../../src/approvals/import-approval.ts'
import { ensureInstanceKey } from '../../src/approvals/instance-key.ts'
import { instanceFiles } from '../../src/approvals/key-rotations.ts'
import { rotateInstanceKey } from '../../src/approvals/rotate-instance-key.ts'
import type { Approval } from '../../src/domain/approval.ts'
import { digestOf } from '../../src/domain/json.ts'
import type { Run } from '../../src/domain/run.ts'
import { verifyRun } from '../../src/engine/verify-run.ts'
import { stored } from '../machine/drive-steps.ts'
import { succeeds } from '../machines/crashing-engine.ts'
import { failure } from '../machines/explore-chart.ts'
import { removeFolders } from '../store/store-folders.ts'
import { ALICE, aGate, BOB, CAROL, type Gate, OPERATOR, OS_USER, type SignHow } from '../support/live-gate.ts'
import { describeWithKeys, opensshVersion, withEnv } from '../support/ssh-keys.ts'

/**
 * Every refusal at a live gate, in the order of the checks, with signatures that ssh-keygen made. All rows try the same run: each
 * leaves an entry that does not move the run, and at the end the good approvals still pass.
 */

interface Row {
  reason: string
  when: string
  /** Brings about the case and gives the approval's id. */
  bring(): Promise<string> | string
  says: RegExp
  next: RegExp
  code?: string
  by?: string
  TZ?: string
}

let gate: Gate
let run: Run
let other: Run
let good: Approval

// OpenSSH reads UTC's Z since 9.1; without one all times are of one zone, and a wrong one would not show.
const Z = opensshVersion() < 9.1 ? '' : 'Z'

const signed = async (as: string, how?: SignHow) => (await gate.sign(run, as, how)).approvalId
const allowed = (...lines: string[]) => {
  gate.rules.trust.allowedSigners = gate.keys.file('allowed-here', lines.join(''))
}
const signAgain = /^cutter approval sign ictr-\S+ --as alice@example\.org --key <file>$/
const someoneElse = /have (someone else|another|one of them) sign: cutter approval sign ictr-/

const wayOut =
  /^have the owner of \S+ list an approver .*; or end the run: cutter run void ictr-\S+ --reason <text> --as <principal> --key <file>$/

const rows: Row[] = [
  {
    reason: 'APPROVAL_UNKNOWN',
    when: 'the store does not have it',
    bring: () => 'ap-00000000000000000000000000000000',
    code: 'APPROVAL_NOT_FOUND',
    says: /there is no approval ap-0+ here/,
    next: /cutter approval list/,
  },
  {
    reason: 'OTHER_RUN',
    when: 'it is of another run',
    bring: async () => (await gate.sign(other, ALICE)).approvalId,
    says: /is for another run: ictr-\S+ \(cut 1\), not ictr-/,
    next: signAgain,
  },
  {
    reason: 'OTHER_GATE',
    when: 'it is for the other gate of this run',
    bring: () => signed(ALICE, { change: { gate: 'SG2' } }),
    says: /is for another gate: gate SG2; run \S+ waits at SG1/,
    next: signAgain,
  },
  {
    reason: 'OTHER_ARRIVAL',
    when: 'it is for an earlier entry',
    bring: () => signed(ALICE, { change: { seq: run.gateSeq! - 1 } }),
    says: /another arrival at the gate: entry 6 with hash .*; the run arrived at SG1 in entry 7/,
    next: signAgain,
  },
  {
    reason: 'OTHER_ARRIVAL',
    when: 'it is for an entry of another history',
    bring: () => signed(ALICE, { change: { historyHead: digestOf('another history') } }),
    says: /: entry 7 with hash sha256:\w+; the run arrived at SG1 in entry 7/,
    next: signAgain,
  },
  {
    reason: 'OTHER_PLAN',
    when: 'it is for another plan',
    bring: () => signed(ALICE, { change: { planDigest: digestOf('another plan') } }),
    says: /is for another plan: sha256:\w+; the run now plans sha256:/,
    next: signAgain,
  },
  {
    reason: 'REHEARSAL_IN_LIVE',
    when: 'it is a rehearsal that was inserted into the store',
    bring: async () => {
      const { clock } = gate.world.parts
      const input = {
        approver: ALICE,
        decision: 'approve',
        reason: '',
        clock,
        nonce: 'n',
        validHours: 24,
      } as const
      const rehearsal = composeRehearsal({ ...input, run: { ...run, mode: 'dry-run' } as Run })
      await gate.world.store.saveApproval(rehearsal)
      return rehearsal.approvalId
    },
    says: /is a rehearsal, which counts in dry runs only/,
    next: signAgain,
  },
  {
    reason: 'FILES_UNSAFE',
    when: 'everybody may write allowed_signers',
    bring: () => {
      allowed(gate.line(ALICE))
      chmodSync(gate.rules.trust.allowedSigners, 0o666)
      return good.approvalId
    },
    code: 'FILES_UNSAFE',
    says: /allowed-here has mode 0666: everybody may write it/,
    next: /chmod go-w \S+allowed-here$/,
  },
  {
    reason: 'SIGNATURE_INVALID',
    when: 'one letter of its statement was edited after it was signed',
    bring: async () => {
      const approval = await gate.sign(run, ALICE)
      const statementText = approval.statementText.replace('"reason":"read"', '"reason":"reed"')
      const { clock } = gate.world.parts
      const edited = parseApproval({ text: statementText, signature: approval.signature!, clock })
      await gate.world.store.saveApproval(edited)
      return edited.approvalId
    },
    says: /has no valid signature: the signature does not match this statement and namespace cutter\.cut\.SG1/,
    next: /ssh-keygen -Y sign -f <key> -n cutter\.cut\.SG1/,
  },
  {
    reason: 'SIGNATURE_INVALID',
    when: 'it is signed in another namespace',
    bring: () => signed(ALICE, { namespace: 'git' }),
    says: /signed for another namespace/,
    next: /-n cutter\.cut\.SG1/,
  },
  {
    reason: 'SIGNATURE_INVALID',
    when: 'it is signed for the same gate of another machine',
    bring: () => signed(ALICE, { namespace: 'cutter.deploy.SG1' }),
    says: /signed for another namespace/,
    next: /-n cutter\.cut\.SG1/,
  },
  {
    reason: 'SIGNER_NOT_ALLOWED',
    when: 'its key is nobody’s',
    bring: () => signed(ALICE, { key: 'mallory' }),
    says: /does not let alice@example\.org sign .* it lists that key for nobody/,
    next: /sign with a key that is listed for alice@example\.org/,
  },
  {
    reason: 'SIGNER_NOT_ALLOWED',
    when: 'its key is somebody else’s',
    bring: () => signed(ALICE, { key: 'bob' }),
    says: /it lists that key for bob@example\.org/,
    next: /sign with a key that is listed for alice@example\.org/,
  },
  {
    reason: 'SIGNER_NOT_ALLOWED',
    when: 'its key is listed for another machine’s gates',
    bring: () => {
      allowed(gate.line(ALICE, 'namespaces="cutter.deploy.*"'))
      return good.approvalId
    },
    says: /in namespace cutter\.cut\.SG1/,
    next: /namespaces="cutter\.cut\.SG1"/,
  },
  {
    reason: 'SIGNER_NOT_ALLOWED',
    when: 'its key is the instance’s own, which somebody listed for more than closeouts',
    bring: () => {
      const name = 'cutter-instance@vm'
      gate.rules.trust.instanceKey = gate.keys.file(
        'instance_key.pub',
        `${gate.keys.publicKey('mallory')} ${name}\n`,
      )
      allowed(gate.line(name, '', 'mallory'))
      return signed(name, { key: 'mallory' })
    },
    says: /is signed with the key of this instance of Cutter, which signs closeouts and approves nothing/,
    next: /^cutter approval sign ictr-\S+/,
  },
  {
    reason: 'SIGNER_NOT_ALLOWED',
    when: 'its key was the instance’s own before a rotation',
    bring: async () => {
      const folder = gate.keys.path('instance')
      mkdirSync(folder, { recursive: true })
      const { signer, publicKey } = await ensureInstanceKey(folder, 'vm')
      const { keyFile } = instanceFiles(folder)
      copyFileSync(keyFile, gate.keys.path('retired'))
      chmodSync(gate.keys.path('retired'), 0o600)
      await rotateInstanceKey(folder, {
        host: 'vm',
        at: '2026-03-01T08:00:00.000Z',
        by: OPERATOR,
        reason: null,
      })
      gate.rules.trust.instanceKey = `${keyFile}.pub`
      allowed(`${signer} ${publicKey}\n`)
      return signed(signer, { key: 'retired' })
    },
    says: /is signed with the key of this instance of Cutter/,
    next: /^cutter approval sign ictr-\S+/,
  },
  {
    reason: 'SIGNER_NOT_ALLOWED',
    when: 'there is no file of allowed signers',
    bring: () => {
      gate.rules.trust.allowedSigners = gate.keys.path('nowhere')
      return good.approvalId
    },
    says: /no readable file of allowed signers at \S+nowhere/,
    next: /have its owner make it/,
  },
  {
    reason: 'SIGNER_NOT_ALLOWED',
    when: 'the policy names others',
    bring: () => {
      gate.rules.policy = { validHours: 24, of: [BOB, CAROL] }
      return good.approvalId
    },
    says: /is by alice@example\.org, but the policy of cut\.SG1 names bob@example\.org, carol@example\.org/,
    next: someoneElse,
  },
  {
    reason: 'KEY_REVOKED',
    when: 'its key is revoked',
    bring: () => {
      gate.rules.trust.revokedKeys = gate.keys.file('revoked', `${gate.keys.publicKey('alice')}\n`)
      return good.approvalId
    },
    says: /key SHA256:\S+ is revoked by \S+revoked/,
    next: /sign with a key that is not revoked/,
  },
  {
    reason: 'KEY_REVOKED',
    when: 'the file of revoked keys is missing',
    bring: () => {
      gate.rules.trust.revokedKeys = gate.keys.path('nowhere')
      return good.approvalId
    },
    says: /revoked keys at \S+nowhere can't be read, so every key counts as revoked/,
    next: /restore that file/,
  },
  {
    reason: 'SIGNER_NOT_VALID_THEN',
    when: 'the time of its key was over a second ago, whatever the zone of the process',
    TZ: 'Asia/Tokyo',
    bring: () => {
      allowed(gate.line(ALICE, `valid-before="20260301085959${Z}"`))
      return good.approvalId
    },
    says: /taken as UTC, excludes 2026-03-01T09:00/,
    next: /extend the line/,
  },
  {
    reason: 'WILDCARD_PRINCIPAL',
    when: 'its key is listed by a pattern',
    bring: () => {
      allowed(gate.line('*@example.org', '', 'alice'))
      return good.approvalId
    },
    says: /lists alice@example\.org by a pattern only/,
    next: /list each approver by an exact name/,
  },
  {
    reason: 'NOT_YET_VALID',
    when: 'it is issued tomorrow',
    bring: () =>
      signed(ALICE, {
        change: { issuedAt: '2026-03-02T09:00:00.000Z', expiresAt: '2026-03-03T09:00:00.000Z' },
      }),
    says: /is issued at 2026-03-02T09:00:00\.000Z, but it is only 2026-03-01T09:/,
    next: /wait until then/,
  },
  {
    reason: 'EXPIRED',
    when: 'its time is over',
    bring: () =>
      signed(ALICE, {
        change: { issuedAt: '2026-02-27T09:00:00.000Z', expiresAt: '2026-02-28T09:00:00.000Z' },
      }),
    says: /has expired: it counted until 2026-02-28T09:00:00\.000Z \(as signed\)/,
    next: signAgain,
  },
  {
    reason: 'EXPIRED',
    when: 'it is signed for longer than the policy lets it count',
    bring: () =>
      signed(ALICE, {
        change: { issuedAt: '2026-02-27T09:00:00.000Z', expiresAt: '2027-02-28T09:00:00.000Z' },
      }),
    says: /has expired: it counted until 2026-02-28T09:00:00\.000Z \(24 h by policy\)/,
    next: signAgain,
  },
  {
    reason: 'OPERATORS_OWN',
    when: 'its approver brings it',
    by: ALICE,
    bring: () => good.approvalId,
    says: /is the operator's own: alice@example\.org operates run/,
    next: someoneElse,
  },
  {
    reason: 'OPERATORS_OWN',
    when: 'its approver is the OS user who started the run',
    bring: () => signed(OS_USER),
    says: /is the operator's own: ops operates run/,
    next: someoneElse,
  },
  {
    reason: 'OPERATORS_OWN',
    when: 'its key is also the operator’s, under another name',
    bring: () => {
      allowed(gate.line(ALICE), gate.line(OPERATOR, 'namespaces="git"', 'alice'))
      return good.approvalId
    },
    says: /the signing key is also listed for deploybot, who operates run/,
    next: someoneElse,
  },
  {
    reason: 'SUPERSEDED',
    when: 'the same person has rejected the plan since',
    bring: async () => {
      const approved = await signed(CAROL)
      await signed(CAROL, { decision: 'reject' })
      return approved
    },
    says: /the same person, as carol@example\.org, decided reject at 2026-03-01T09:.*the later counts/,
    next: /cutter run resume \S+ --approval ap-\w+; or, if they changed their mind: cutter approval sign/,
  },
  {
    reason: 'SUPERSEDED',
    when: 'it rejects what the same key has approved since, under another name',
    bring: async () => {
      allowed(gate.line(BOB), gate.line('robert@example.org', '', 'bob'))
      const rejected = await signed(BOB, { decision: 'reject' })
      await signed('robert@example.org', { key: 'bob' })
      return rejected
    },
    says: /does not count: it says reject, but the same person, as robert@example\.org, decided approve/,
    next: /^cutter run resume \S+ --approval ap-\w+$/,
  },
  {
    reason: 'NOT_ENOUGH_APPROVERS',
    when: 'two are needed and nobody else signed but one who has rejected since',
    bring: () => {
      gate.rules.policy = { validHours: 24, need: 2, of: [ALICE, CAROL, OPERATOR] }
      return good.approvalId
    },
    says: /needs 2 people with keys of their own, and so far there is 1: alice@example\.org signed; carol@example\.org may sign as well/,
    next: someoneElse,
  },
  {
    reason: 'NOT_ENOUGH_APPROVERS',
    when: 'two are needed and the key of the second is lost and revoked',
    bring: () => {
      gate.rules.policy = { validHours: 24, need: 2, of: [ALICE, BOB] }
      gate.rules.trust.revokedKeys = gate.keys.file('revoked', `${gate.keys.publicKey('bob')}\n`)
      return good.approvalId
    },
    says: /alice@example\.org signed; nobody else may, so this policy cannot be met now\. .*bob@example\.org \(SHA256:\S+ is revoked/,
    next: wayOut,
  },
  {
    reason: 'NOT_ENOUGH_APPROVERS',
    when: 'two are needed and the same key signed under two names',
    bring: async () => {
      allowed(
        gate.line(ALICE),
        gate.line('alicia@example.org', '', 'alice'),
        gate.line('*@example.org', '', 'bob'),
      )
      await signed('alicia@example.org', { key: 'alice' })
      gate.rules.policy = { validHours: 24, need: 2 }
      return good.approvalId
    },
    says: /so far there is 1: alice@example\.org signed; alicia@example\.org may sign as well, which is not enough people, so this policy cannot be met now/,
    next: wayOut,
  },
]

describeWithKeys('the gate of a live run', () => {
  beforeAll(async () => {
    gate = await aGate()
    // Ids come from a clock that the tests set; two runs of one moment would share theirs.
    let minted = 0
    gate.world.parts.randomHex = () => (minted++).toString(16).padStart(8, '0')
    run = stored(await gate.start())
    other = stored(await gate.start())
    good = await gate.sign(run, ALICE)
  })
  afterAll(async () => {
    await gate.close()
    removeFolders()
  })

  const whereItStands = async () => {
    const { seq, head, updatedAt, ...rest } = stored((await gate.world.store.run(run.runId))!)
    return rest
  }

  it.each(rows)(
    'the gate refuses an approval as $reason when $when',
    async ({ reason, bring, says, next, code, by, TZ }) => {
      const before = await gate.world.store.history(run.runId)
      const stood = await whereItStands()
      const usual = { policy: gate.rules.policy, trust: { ...gate.rules.trust } }
      try {
        const approvalId = await bring()
        const error = await withEnv(TZ === undefined ? {} : { TZ }, () =>
          gate.bring(run, approvalId, by).catch((thrown) => thrown),
        )
        expect(error).toMatchObject({ code: code ?? 'APPROVAL_REFUSED' })
        expect(error.message).toMatch(says)
        expect(error.next).toMatch(next)
        const entries = (await gate.world.store.history(run.runId)).slice(before.length)
        expect(entries).toMatchObject([
          {
            event: { type: 'cutter.approval-refused', approvalId, reason, message: error.message },
            by: by ?? OPERATOR,
            snapshotDigest: run.snapshotDigest,
          },
        ])
        expect(await whereItStands()).toEqual(stood)
      } finally {
        gate.rules.policy = usual.policy
        gate.rules.trust = usual.trust
      }
    },
  )

  it('of two resumes at the same moment one passes the gate and the other is refused as RUN_HELD', async () => {
    gate.rules.policy = { validHours: 24, need: 2 }
    const second = await gate.sign(run, BOB)
    // Where it is eight hours earlier, a moment taken for local time would lie after the end of these keys.
    const limits = `valid-before="20260301100000${Z}"`
    allowed(gate.line(ALICE, limits), gate.line(BOB, limits))
    const attempts = await withEnv({ TZ: 'America/Los_Angeles' }, () =>
      Promise.allSettled([gate.bring(run, second.approvalId), gate.bring(run, second.approvalId)]),
    )
    const [passed, held] = attempts
    expect(held).toMatchObject({ status: 'rejected', reason: { code: 'RUN_HELD' } })
    expect(passed).toMatchObject({ status: 'fulfilled', value: { gate: 'SG2', runId: run.runId } })

    const history = await gate.world.store.history(run.runId)
    const decision = history.find(({ event }) => event.type === 'APPROVE')!
    const vouched = { fingerprint: expect.stringMatching(/^SHA256:/), keyType: 'ED25519' }
    expect(decision).toMatchObject({
      by: OPERATOR,
      event: {
        approvalId: second.approvalId,
        operatorDeclared: 'self',
        osUser: OS_USER,
        vouched: { principal: BOB },
        counted: [
          { approvalId: second.approvalId, principal: BOB, ...vouched },
          { approvalId: good.approvalId, principal: ALICE, ...vouched },
        ],
      },
    })
    expect(await verifyRun(gate.world.parts, run.runId)).toMatchObject({ replayed: true })
  })

  it('the next gate refuses the used approval as ALREADY_USED, and another one of the gate before as OTHER_GATE', async () => {
    const approvals = await gate.world.store.approvals(run.runId)
    const used = approvals.filter(({ usedSeq }) => usedSeq !== null)
    expect(used.map(({ statement }) => statement.approver)).toEqual([BOB])
    const again = await gate.bring(run, used[0]!.approvalId).catch((error) => error)
    expect(again).toMatchObject({ code: 'APPROVAL_REFUSED', data: { reason: 'ALREADY_USED' } })
    expect(again.message).toMatch(
      /was already used: at entry \d+, on 2026-03-01T.*\. An approval counts once/,
    )
    const other = await gate.bring(run, good.approvalId).catch((error) => error)
    expect(other.data).toMatchObject({ reason: 'OTHER_GATE' })
  })
})

describeWithKeys('a signed rejection or voiding', () => {
  it.each([
    ['reject', 'REJECT', 'rejected'],
    ['void', 'VOID', 'voided'],
  ] as const)('one person may %s a run, which ends as %s', async (decision, event, outcome) => {
    const here = await aGate()
    here.rules.policy = { validHours: 24, need: 2 }
    const waiting = await here.start()
    const late = await here.sign(waiting, ALICE)
    const { approvalId } = await here.sign(waiting, BOB, { decision })
    expect(await here.bring(waiting, approvalId)).toMatchObject({ status: 'closed', outcome, gate: null })
    const history = await here.world.store.history(waiting.runId)
    expect(history.at(-1)).toMatchObject({
      event: { type: event, counted: [{ approvalId, principal: BOB }] },
    })
    // A closed run is answered as it is, and an approval that comes too late stays unused.
    expect(await here.bring(waiting, late.approvalId)).toMatchObject({ outcome })
    expect((await here.world.store.approval(late.approvalId))?.usedSeq).toBeNull()
    expect(await here.world.store.history(waiting.runId)).toEqual(history)
    await here.close()
  })

  it('a stopped run refuses a decision as NOT_AT_A_GATE and stays as it is', async () => {
    let up = false
    const here = await aGate((name) => (name === 'cut_leg_a' && !up ? failure(name) : succeeds(name)))
    const waiting = await here.start()
    const { approvalId } = await here.sign(waiting, ALICE)
    const voiding = await here.sign(waiting, BOB, { decision: 'void' })
    const stopped = await here.bring(waiting, approvalId)
    expect(stopped).toMatchObject({ status: 'stopped', stopCode: 'STOP_TARGET_UNREACHABLE' })
    const refused = await here.bring(waiting, voiding.approvalId).catch((error) => error)
    expect(refused).toMatchObject({ code: 'APPROVAL_REFUSED', data: { reason: 'NOT_AT_A_GATE' } })
    up = true
    expect(await here.bring(waiting, approvalId)).toMatchObject({ gate: 'SG2' })
    await here.close()
  })
})
