import { afterAll, beforeAll, expect, test } from 'vitest'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { approvalIdOf, namespaceOf } from '../../src/approvals/statement.ts'
import type { FaultCode } from '../../src/bundle/bundle-fault.ts'
import { manifestText } from '../../src/bundle/bundle-files.ts'
import { MANIFEST } from '../../src/bundle/bundle-paths.ts'
import { CLOSEOUT_NAMESPACE, closeoutText } from '../../src/bundle/closeout-statement.ts'
import { findPassageFault, type RunRecord } from '../../src/bundle/run-record.ts'
import { verdictNotes } from '../../src/bundle/signed-ranges.ts'
import { asBuffer, type Files } from '../../src/bundle/tar.ts'
import { verifyBundle } from '../../src/bundle/verify-bundle.ts'
import type { Statement } from '../../src/domain/approval.ts'
import { hashEntry } from '../../src/domain/history.ts'
import { findUsedSeq, listNamedEvidence } from '../../src/domain/history-facts.ts'
import { canonicalJson, digestOfBytes, type Json } from '../../src/domain/json.ts'
import type { Run } from '../../src/domain/run.ts'
import { signApproval } from '../../src/engine/manage-approvals.ts'
import { removeFolders } from '../store/store-folders.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'
import { ALICE, aBundleMaker, type Bundles, bundleOf, filesIn, recordIn, tarOf } from './bundle-fixture.ts'

/**
 * Altered bundles, from simple changes to forged digests. The manifest reveals a changed file. With a corrected manifest the check of that
 * file reveals it. With corrected hashes the signatures reveal it, because nobody can make them again without the keys.
 */

let at: Bundles
let two: Bundles
let run: Run
let good: Buffer
let another: Buffer
let dry: Buffer
let signers: string
let together: Buffer
/** A run to which somebody brought an approval in alice's name, signed by another key. */
let contested: Run

beforeAll(async () => {
  at = await aBundleMaker()
  run = await at.closed('live')
  good = await at.exported(run)
  another = await at.exported(await at.closed('live'))
  dry = await at.exported(await at.closed('dry-run'))
  const { parts, engine } = at.world
  contested = await at.started('live')
  const theirs = await signApproval(parts, contested.runId, {
    ...{ as: ALICE, decision: 'approve', reason: 'mine', keyFile: at.keys.key('mallory') },
  })
  const brought = engine.resume(contested.runId, { approvalId: theirs.approval.approvalId })
  await expect(brought).rejects.toMatchObject({ data: { reason: 'SIGNER_NOT_ALLOWED' } })
  contested = await at.approve(await at.approve((await at.world.store.run(contested.runId))!))
  signers = at.keys.path('allowed_signers')
  two = await aBundleMaker({ need: 2 })
  together = await two.exported(await two.closed('live'))
})
afterAll(async () => {
  await at.remove()
  await two.remove()
  removeFolders()
})

const faultIn = async (tar: Buffer) => (await verifyBundle(tar, signers)).firstFault

/** Changes files and corrects the manifest. */
async function altered(change: (files: Files) => void): Promise<Buffer> {
  const files = new Map(await filesIn(good))
  change(files)
  files.set(MANIFEST, Buffer.from(manifestText(files)))
  return tarOf(files)
}

const edited = (files: Files, name: string | RegExp, edit: (text: string) => string) => {
  const path = [...files.keys()].find((key) => (typeof name === 'string' ? key === name : name.test(key)))!
  const before = asBuffer(files.get(path)!).toString('latin1')
  const after = edit(before)
  expect(after).not.toBe(before)
  files.set(path, Buffer.from(after, 'latin1'))
}

/** Changes the record and corrects every digest that is not a signature: chain, head, snapshot, closeout, manifest. */
async function forged(change: (record: RunRecord) => void, from = good): Promise<Buffer> {
  const record = await recordIn(from)
  change(record)
  rehash(record)
  record.evidence = listNamedEvidence(record.history)
  if (record.closeout !== null && findPassageFault(record) === null)
    record.closeout.text = closeoutText(record, record.closeout.instance)
  return bundleOf(record, from)
}

function rehash(record: RunRecord): void {
  const { history, run: facts } = record
  let previousHash = history[0]!.previousHash
  const fits = facts.gateSeq !== null && history[facts.gateSeq - 1]?.hash === facts.gateHead
  for (const [index, { hash: _, ...entry }] of history.entries()) {
    const linked = { ...entry, seq: index + 1, previousHash }
    previousHash = hashEntry(linked)
    history[index] = { ...linked, hash: previousHash }
  }
  if (fits) facts.gateHead = history[facts.gateSeq! - 1]!.hash
  const { seq, hash: head, at: updatedAt, state, status, snapshotDigest } = history.at(-1)!
  Object.assign(facts, { seq, head, updatedAt, state, status, snapshotDigest })
}

const inOrderOfUse = ({ approvals, history }: RunRecord) =>
  [...approvals].sort((a, b) => findUsedSeq(history, a.approvalId)! - findUsedSeq(history, b.approvalId)!)

/** Edits the approval at the second gate; who has no key of hers keeps her old signature. */
function restated(record: RunRecord, changes: Partial<Statement>, whose = 1): void {
  const approval = inOrderOfUse(record)[whose]!
  const text = canonicalJson({ ...(JSON.parse(approval.statementText) as Statement), ...changes })
  const id = approvalIdOf(text)
  record.history = JSON.parse(JSON.stringify(record.history).replaceAll(approval.approvalId, id))
  Object.assign(approval, { statementText: text, approvalId: id })
  record.approvals.sort((a, b) => (a.approvalId < b.approvalId ? -1 : 1))
}

describeWithKeys('verify of an altered bundle', () => {
  test('accepts the bundle without a change', async () => {
    expect(await faultIn(good)).toBeNull()
    expect(await faultIn(another)).toBeNull()
    expect(await faultIn(await forged(() => {}))).toBeNull()
  })

  test('refuses any changed byte', async () => {
    for (let index = 0; index < 300; index += 1) {
      const position = (index * 7919 + 13) % good.length
      const flipped = Buffer.from(good)
      flipped[position]! ^= 1 << (index % 8)
      expect((await verifyBundle(flipped, null)).firstFault, `byte ${position}`).not.toBeNull()
    }
  })

  test.each<[string, string | RegExp]>([
    ['a history entry', 'history.jsonl'],
    ['a plan', /^plans\/SG1/],
    ['a receipt', /^evidence\//],
    ['a statement', /^approvals\/.*json$/],
    ['a signature', /^approvals\/.*sig$/],
    ['the snapshot', 'snapshot.json'],
    ['the run', 'run.json'],
    ['the closeout', 'closeout.json'],
    ['the closeout’s signature', 'closeout.json.sig'],
    ['the words on how to check it', 'VERIFY.md'],
  ])('refuses a change in %s by the manifest', async (_, name) => {
    const files = new Map(await filesIn(good))
    edited(files, name, (text) =>
      text.replace(/[a-z0-9](?=[^a-z0-9]*$)/, (last) => (last === 'a' ? 'b' : 'a')),
    )
    expect(await faultIn(await tarOf(files))).toMatchObject({
      code: 'MANIFEST_WRONG',
      file: typeof name === 'string' ? name : expect.stringMatching(name),
    })
  })

  const laterDigit = (text: string) => text.replace(/"by":"engine"/, '"by":"nobody"')
  test.each<[string, FaultCode, string, (files: Files) => void]>([
    ['a history entry', 'HISTORY_BROKEN', 'history.jsonl', (f) => edited(f, 'history.jsonl', laterDigit)],
    [
      'the order of entries',
      'HISTORY_BROKEN',
      'history.jsonl',
      (f) => edited(f, 'history.jsonl', (text) => text.replace(/^(.*\n.*\n)(.*\n)(.*\n)/, '$1$3$2')),
    ],
    [
      'a last entry that is gone, with the evidence that it names',
      'FILE_UNKNOWN',
      'evidence/',
      (f) => edited(f, 'history.jsonl', (text) => text.replace(/.*\n$/, '')),
    ],
    [
      'a first entry that is gone',
      'RUN_DIFFERS',
      'genesis.json',
      (f) => edited(f, 'history.jsonl', (text) => text.replace(/^.*\n/, '')),
    ],
    [
      'the first facts',
      'RUN_DIFFERS',
      'genesis.json',
      (f) => edited(f, 'genesis.json', (text) => text.replace('deploybot', 'deploybox')),
    ],
    [
      'the run’s outcome',
      'RUN_DIFFERS',
      'run.json',
      (f) =>
        edited(f, 'run.json', (text) => text.replace('"outcome":"succeeded"', '"outcome":"rolled-back"')),
    ],
    [
      'the run’s mode',
      'RUN_DIFFERS',
      'run.json',
      (f) => edited(f, 'run.json', (text) => text.replace('"mode":"live"', '"mode":"dry-run"')),
    ],
    [
      'the snapshot',
      'SNAPSHOT_DIFFERS',
      'snapshot.json',
      (f) => edited(f, 'snapshot.json', (text) => text.replace('"status":"done"', '"status":"gone"')),
    ],
    [
      'a plan',
      'PLAN_DIFFERS',
      'plans/SG1',
      (f) => edited(f, /^plans\/SG1/, (text) => text.replace('"a"', '"c"')),
    ],
    [
      'a receipt',
      'EVIDENCE_DIFFERS',
      'evidence/',
      (f) => edited(f, /^evidence\//, (text) => text.replace('"of"', '"or"')),
    ],
    [
      'a receipt of another name',
      'HISTORY_BROKEN',
      'history.jsonl',
      (f) => edited(f, 'history.jsonl', (text) => text.replace('receipt/mark', 'receipt/mask')),
    ],
    [
      'a statement',
      'APPROVAL_EDITED',
      'approvals/',
      (f) => edited(f, /^approvals\/.*json$/, (text) => text.replace('"reason":"read"', '"reason":"rear"')),
    ],
    [
      'a signature',
      'SIGNATURE_INVALID',
      'approvals/',
      (f) =>
        edited(f, /^approvals\/.*sig$/, (text) =>
          text.replace(/(.{10})\n-----END/, (_, end) => `${end.replace(/[A-Y]/, 'Z')}\n-----END`),
        ),
    ],
    [
      'an approval that is gone',
      'GATE_UNAPPROVED',
      'approvals/',
      (f) => {
        for (const path of [...f.keys()].filter((key) => key.startsWith('approvals/')).slice(0, 2))
          f.delete(path)
      },
    ],
    [
      'the closeout',
      'CLOSEOUT_DIFFERS',
      'closeout.json',
      (f) => edited(f, 'closeout.json', (text) => text.replace('"entries":18', '"entries":19')),
    ],
    [
      'the closeout’s signature',
      'CLOSEOUT_SIGNATURE_INVALID',
      'closeout.json.sig',
      (f) =>
        edited(f, 'closeout.json.sig', (text) =>
          text.replace(/(.{10})\n-----END/, (_, end) => `${end.replace(/[A-Y]/, 'Z')}\n-----END`),
        ),
    ],
    [
      'white space round the closeout’s signature',
      'CLOSEOUT_SIGNATURE_INVALID',
      'closeout.json.sig',
      (f) => edited(f, 'closeout.json.sig', (text) => `${text} `),
    ],
    [
      'the lines of the closeout’s signature',
      'CLOSEOUT_SIGNATURE_INVALID',
      'closeout.json.sig',
      (f) => edited(f, 'closeout.json.sig', (text) => text.replace(/(\n.{60})(.{10}\n)/, '$1\n$2')),
    ],
    [
      'the run’s plan',
      'RUN_DIFFERS',
      'run.json',
      (f) =>
        edited(f, 'run.json', (text) => text.replace(/"planDigest":"sha256:../, '"planDigest":"sha256:00')),
    ],
    [
      'the run’s output',
      'RUN_DIFFERS',
      'run.json',
      (f) => edited(f, 'run.json', (text) => text.replace('"output":{', '"output":{"enacted":9')),
    ],
    [
      'an end without an outcome',
      'RUN_DIFFERS',
      'run.json',
      (f) => edited(f, 'run.json', (text) => text.replace('"outcome":"succeeded"', '"outcome":null')),
    ],
    [
      'the instance’s name',
      'FILE_UNREADABLE',
      'instance.pub',
      (f) => edited(f, 'instance.pub', (text) => text.replace('quiet', 'other')),
    ],
    ['white space', 'FILE_UNREADABLE', 'run.json', (f) => edited(f, 'run.json', (text) => `${text}\n`)],
    [
      'a file that is gone',
      'FILE_MISSING',
      'evidence/',
      (f) => f.delete([...f.keys()].find((key) => key.startsWith('evidence/'))!),
    ],
    [
      'a file that does not belong',
      'FILE_UNKNOWN',
      'evidence/more',
      (f) => f.set('evidence/more', Buffer.from('x')),
    ],
    ['a closeout that is gone', 'FILE_UNKNOWN', 'closeout.json.sig', (f) => f.delete('closeout.json')],
  ])('refuses a change in %s with a corrected manifest', async (_, code, file, change) => {
    const fault = await faultIn(await altered(change))
    expect(fault).toMatchObject({ code, file: expect.stringContaining(file) })
    expect(fault!.message).not.toBe('')
  })

  test('refuses a manifest that omits a file, names an extra one, or has another order', async () => {
    for (const change of [
      (text: string) => text.replace(/.*run\.json\n/, ''),
      (text: string) => `${text}${'0'.repeat(64)}  more.json\n`,
      (text: string) => text.split('\n').slice(0, -1).reverse().join('\n').concat('\n'),
      () => '',
    ]) {
      const files = new Map(await filesIn(good))
      edited(files, MANIFEST, change)
      expect(await faultIn(await tarOf(files))).toMatchObject({ code: 'MANIFEST_WRONG' })
    }
  })

  test('refuses a bundle with files of another run', async () => {
    const theirs = await filesIn(another)
    const mixed = async (...names: string[]) =>
      faultIn(
        await altered((files) => {
          for (const name of names) files.set(name, theirs.get(name)!)
        }),
      )
    expect(await mixed('closeout.json', 'closeout.json.sig')).toMatchObject({ code: 'CLOSEOUT_DIFFERS' })
    expect(await mixed('closeout.json.sig')).toMatchObject({ code: 'CLOSEOUT_SIGNATURE_INVALID' })
    expect(await mixed('history.jsonl')).toMatchObject({ code: 'RUN_DIFFERS' })
    expect(await mixed('history.jsonl', 'genesis.json')).toMatchObject({ code: 'RUN_DIFFERS' })
    expect(await mixed('history.jsonl', 'genesis.json', 'run.json')).toMatchObject({
      code: 'SNAPSHOT_DIFFERS',
    })
    expect(await mixed('history.jsonl', 'genesis.json', 'run.json', 'snapshot.json')).toMatchObject({
      code: 'APPROVAL_UNNAMED',
    })
    const approvals = (await recordIn(another)).approvals
    expect(
      await faultIn(
        await forged((record) => {
          record.approvals = approvals
        }),
      ),
    ).toMatchObject({
      code: 'APPROVAL_UNNAMED',
    })
  })
})

describeWithKeys('verify of a bundle that two people approved', () => {
  const verdictOn = (tar: Buffer) => verifyBundle(tar, two.keys.path('allowed_signers'))
  const decisionAt = (record: RunRecord) => record.history.findLast(({ event }) => event.type === 'APPROVE')!
  const withoutBob = (record: RunRecord) => {
    const counted = decisionAt(record).event.counted as { approvalId: string; principal: string }[]
    const bobs = counted.find(({ principal }) => principal !== ALICE)!.approvalId
    record.approvals = record.approvals.filter(({ approvalId }) => approvalId !== bobs)
    return counted.filter(({ approvalId }) => approvalId !== bobs)
  }

  test('reports both approvers for the entries before each gate', async () => {
    const { holds, ranges, approvals } = await verdictOn(together)
    expect(holds).toBe(true)
    expect(approvals.map(({ counted, trusted }) => [counted, trusted])).toEqual(Array(4).fill([true, true]))
    expect(
      ranges
        .filter(({ to }) => to === 7)
        .map(({ by }) => by)
        .sort(),
    ).toEqual([ALICE, 'bob@example.org'])
  })

  test('refuses the bundle without one of the approvals, also when its entry counts one', async () => {
    const gone = await forged((record) => void withoutBob(record), together)
    expect((await verdictOn(gone)).firstFault).toMatchObject({
      code: 'POLICY_UNMET',
      message: expect.stringContaining('counts approval'),
    })
    const uncounted = await forged((record) => {
      decisionAt(record).event.counted = withoutBob(record) as unknown as Json
    }, together)
    expect((await verdictOn(uncounted)).firstFault).toMatchObject({
      code: 'POLICY_UNMET',
      message: expect.stringContaining('1 of the 2 people'),
    })
  })

  test('refuses a decision with another key, or with a policy that is missing, unreadable or names others', async () => {
    const otherPolicy = (text: (old: string) => string) => (record: RunRecord) => {
      const old = record.bytes.get(decisionAt(record).event.policyDigest as string)!
      const bytes = Buffer.from(text(Buffer.from(old).toString()))
      const digest = digestOfBytes(bytes)
      record.bytes.set(digest, bytes)
      const { event } = decisionAt(record)
      event.evidence = { ...(event.evidence as object), 'policy/SG2': digest }
      event.policyDigest = digest
    }
    const changedPolicy = (change: object) =>
      otherPolicy((old) => canonicalJson({ ...JSON.parse(old), ...change }))
    for (const [change, words] of [
      [
        (record) =>
          Object.assign((decisionAt(record).event.counted as object[])[1]!, { fingerprint: 'SHA256:x' }),
        'another key',
      ],
      [
        (record) =>
          Object.assign(decisionAt(record).event, { counted: { all: decisionAt(record).event.counted } }),
        'in a known form',
      ],
      [otherPolicy(() => 'no JSON'), 'is not a valid policy'],
      [changedPolicy({ of: ['alice@example.org'] }), 'does not name them'],
      [
        (record) => {
          delete decisionAt(record).event.policyDigest
          delete (decisionAt(record).event.evidence as { [name: string]: string })['policy/SG2']
          delete (decisionAt(record).event.evidence as { [name: string]: string })['signers/SG2']
        },
        'records no policy, though entry 14 arrived there under one',
      ],
      [
        (record) => {
          changedPolicy({ validHours: 0.5 })(record)
          // From there on an hour later, which the statements allow.
          for (const entry of record.history.slice(decisionAt(record).seq - 1))
            entry.at = new Date(Date.parse(entry.at) + 3_600_000).toISOString()
        },
        'after the 0.5 h of the policy of that time',
      ],
      [changedPolicy({ of: null, need: 3 }), '2 of the 3 people'],
      [changedPolicy({ allowedSignersDigest: null }), 'are not those of the policy'],
      [
        (record) => Object.assign(decisionAt(record), { by: 'ALICE@example.org' }),
        'approved at entry 15, but operates the run',
      ],
    ] as [(record: RunRecord) => void, string][]) {
      expect((await verdictOn(await forged(change, together))).firstFault, words).toMatchObject({
        code: 'POLICY_UNMET',
        message: expect.stringContaining(words),
      })
    }
  })
})

describeWithKeys('the notes of a bundle that holds', () => {
  test('name a policy that changed between arrival and decision', async () => {
    const lenient = await forged((record) => {
      record.closeout = null
      const { event } = record.history.findLast((entry) => entry.event.type === 'APPROVE')!
      const policy = JSON.parse(Buffer.from(record.bytes.get(event.policyDigest as string)!).toString())
      const bytes = Buffer.from(canonicalJson({ ...policy, need: 1 }))
      record.bytes.set(digestOfBytes(bytes), bytes)
      event.policyDigest = digestOfBytes(bytes)
      event.evidence = { ...(event.evidence as object), 'policy/SG2': digestOfBytes(bytes) }
    }, together)
    const { holds, notes } = await verifyBundle(lenient, two.keys.path('allowed_signers'))
    expect(holds).toBe(true)
    expect(notes[1]).toContain(
      'policy or signers of SG2 changed between the arrival of the run (entry 14) and the decision (entry 15)',
    )
    expect((await verifyBundle(together, null)).notes).toHaveLength(1)
  })

  test('name a live success without a gate', async () => {
    const record = await recordIn(good)
    record.history = record.history.slice(0, 2)
    expect(verdictNotes(record, [], [], true)[0]).toContain('passed no gate: nobody approved anything')
  })
})

describeWithKeys('verify of a bundle with forged digests', () => {
  test.each<[string, FaultCode, (record: RunRecord) => void]>([
    [
      'an entry before the first gate',
      'APPROVAL_ELSEWHERE',
      ({ history }) => {
        history[2]!.by = 'somebody'
      },
    ],
    [
      'an entry between the gates',
      'APPROVAL_ELSEWHERE',
      ({ history }) => {
        history[10]!.at = history[9]!.at
      },
    ],
    [
      'an entry after the last gate',
      'CLOSEOUT_SIGNATURE_INVALID',
      ({ history }) => {
        history.at(-1)!.by = 'x'
      },
    ],
    [
      'a dropped last entry',
      'CLOSEOUT_DIFFERS',
      (record) => {
        record.history.pop()
        record.snapshot = JSON.stringify({ snapshot: { context: {} } })
        Object.assign(record.run, { outcome: null, planDigest: null, output: null })
        record.history.at(-1)!.snapshotDigest = digestOfBytes(record.snapshot)
      },
    ],
    [
      'a snapshot without a context',
      'SNAPSHOT_DIFFERS',
      (record) => {
        record.snapshot = '{}'
        record.history.at(-1)!.snapshotDigest = digestOfBytes(record.snapshot)
      },
    ],
    [
      'a receipt',
      'CLOSEOUT_SIGNATURE_INVALID',
      (record) => {
        const bytes = Buffer.from('{"of":"forged"}')
        const evidence = record.history.at(-1)!.event.evidence as { [name: string]: string }
        evidence['receipt/closeout'] = digestOfBytes(bytes)
        record.bytes.set(digestOfBytes(bytes), bytes)
      },
    ],
    [
      'the outcome',
      'CLOSEOUT_SIGNATURE_INVALID',
      ({ run, history }) => {
        run.outcome = 'failed'
        history.at(-1)!.event.outcome = 'failed'
      },
    ],
    [
      'the output',
      'CLOSEOUT_SIGNATURE_INVALID',
      (record) => {
        const stored = JSON.parse(record.snapshot)
        stored.snapshot.context.output = { enacted: 9 }
        record.snapshot = JSON.stringify(stored)
        record.run.output = { enacted: 9 }
        record.history.at(-1)!.snapshotDigest = digestOfBytes(record.snapshot)
      },
    ],
    [
      'an approval of the plan of another gate',
      'APPROVAL_ELSEWHERE',
      (record) => {
        const plan = record.evidence.find(({ name }) => name === 'plan/SG1')!
        restated(record, { planDigest: plan.digest })
      },
    ],
    [
      'another approver',
      'SIGNATURE_INVALID',
      (record) => restated(record, { approver: 'mallory@example.org' }),
    ],
    [
      'a passed gate without its approval',
      'GATE_UNAPPROVED',
      (record) => {
        record.history[7]!.event = { type: 'TICK' }
        record.approvals = [inOrderOfUse(record)[1]!]
        delete record.history[8]!.event.approvalUsed
      },
    ],
    [
      'a rehearsal instead of a signature',
      'REHEARSAL_IN_LIVE',
      ({ approvals }) => {
        Object.assign(approvals[0]!, { kind: 'rehearsal', signature: null })
      },
    ],
    [
      'a rejection read as an approval',
      'APPROVAL_ELSEWHERE',
      (record) => restated(record, { decision: 'reject' }),
    ],
    [
      'an approval that had expired',
      'APPROVAL_EXPIRED',
      (record) =>
        restated(record, { issuedAt: '2026-02-01T09:00:00.000Z', expiresAt: '2026-02-02T09:00:00.000Z' }),
    ],
    [
      'an approval of an entry that is no arrival',
      'APPROVAL_ELSEWHERE',
      (record) => restated(record, { seq: 13, historyHead: record.history[12]!.hash }),
    ],
    [
      'an approval of the arrival at another gate',
      'APPROVAL_ELSEWHERE',
      (record) => restated(record, { seq: 7, historyHead: record.history[6]!.hash }),
    ],
    ['an approval of another arrival', 'APPROVAL_ELSEWHERE', (record) => restated(record, { seq: 6 })],
    [
      'an approval of another plan',
      'APPROVAL_ELSEWHERE',
      (record) => restated(record, { planDigest: `sha256:${'0'.repeat(64)}` }),
    ],
    [
      'an approval of another run',
      'APPROVAL_ELSEWHERE',
      (record) => restated(record, { runId: 'ictr-other' }),
    ],
    [
      'an approval of another machine',
      'APPROVAL_ELSEWHERE',
      (record) => restated(record, { machine: 'deploy' }),
    ],
    ['an approval of another version', 'APPROVAL_ELSEWHERE', (record) => restated(record, { version: '2' })],
  ])('refuses by its signatures: %s', async (_, code, change) => {
    expect(await faultIn(await forged(change))).toMatchObject({ code })
  })

  test('refuses the approval of the first gate at the second one', async () => {
    const tar = await forged((record) => {
      const [first, second] = inOrderOfUse(record)
      restatedAs(record, second!.approvalId, first!.approvalId)
      record.approvals = [first!]
    })
    expect(await faultIn(tar)).toMatchObject({ code: 'GATE_UNAPPROVED' })
  })

  test('refuses a closeout signed with another key than instance.pub', async () => {
    const record = await recordIn(good)
    const keyFile = at.keys.key('other')
    const { text } = record.closeout!
    record.closeout!.instance.signature = await signText({ text, keyFile, namespace: CLOSEOUT_NAMESPACE })
    expect(await faultIn(await bundleOf(record, good))).toMatchObject({ code: 'CLOSEOUT_SIGNATURE_INVALID' })
  })

  test('does not trust a closeout signed with an unknown instance key', async () => {
    const record = await recordIn(good)
    record.history.at(-1)!.by = 'forger'
    rehash(record)
    const keyFile = at.keys.key('forger')
    const publicKey = `${at.keys.publicKey('forger')} ${record.closeout!.instance.signer}`
    const text = closeoutText(record, record.closeout!.instance)
    const signature = await signText({ text, keyFile, namespace: CLOSEOUT_NAMESPACE })
    record.closeout = {
      ...record.closeout!,
      text,
      instance: { ...record.closeout!.instance, publicKey, signature },
    }
    const trust = await at.trustingInstance(run)
    const truth = await verifyBundle(good, trust)
    const lie = await verifyBundle(await bundleOf(record, good), trust)
    expect(truth.ranges.at(-1)).toMatchObject({ kind: 'closeout', trusted: true, to: 18 })
    expect(truth.notes).toEqual([])
    expect(lie.ranges.at(-1)).toMatchObject({ kind: 'closeout', trusted: false, to: 18 })
    expect(lie.notes).toEqual(['nobody whom you trust vouches for entries 15–18'])
  })

  test('refuses a refused approval that an entry names as used', async () => {
    const tar = await at.exported(contested)
    expect(await faultIn(tar)).toBeNull()
    const claiming = await forged((record) => {
      const refused = record.approvals.find(
        ({ approvalId }) => findUsedSeq(record.history, approvalId) === null,
      )!
      record.history.at(-1)!.event.approvalUsed = refused.approvalId
    }, tar)
    expect(await faultIn(claiming)).toMatchObject({ code: 'GATE_UNAPPROVED' })
  })

  test('refuses a dry run that claims to be live', async () => {
    const tar = await forged((record) => {
      Object.assign(record.genesis, { mode: 'live' })
      Object.assign(record.run, { mode: 'live' })
    }, dry)
    expect(await faultIn(tar)).toMatchObject({ code: 'RUN_DIFFERS', file: 'genesis.json' })
  })

  test('refuses a statement of alice that another key signed', async () => {
    const record = await recordIn(good)
    const keyFile = at.keys.path('mallory')
    record.history[2]!.by = 'somebody'
    rehash(record)
    for (const approval of record.approvals) {
      const statement = JSON.parse(approval.statementText) as Statement
      const text = approval.statementText
      approval.signature = await signText({
        text,
        keyFile,
        namespace: namespaceOf(statement.machine, statement.gate),
      })
    }
    record.closeout!.text = closeoutText(record, record.closeout!.instance)
    expect(await faultIn(await bundleOf(record, good))).toMatchObject({ code: 'APPROVAL_ELSEWHERE' })

    const resigned = await recordIn(good)
    for (const [index, approval] of resigned.approvals.entries())
      approval.signature = record.approvals[index]!.signature
    expect(await faultIn(await bundleOf(resigned, good))).toMatchObject({ code: 'SIGNATURE_INVALID' })
  })
})

describeWithKeys('verify of a forged bundle without a closeout', () => {
  let waiting: Buffer
  let stopped: Buffer
  beforeAll(async () => {
    waiting = await at.exported(await at.started('live'))
    at.failing.add('mark')
    stopped = await at.exported(await at.started('live'))
    at.failing.clear()
  })
  const unsealed = (change: (record: RunRecord) => void, from: Buffer) =>
    forged((record) => {
      record.closeout = null
      change(record)
    }, from)

  test('accepts an unchanged record, and reports that nobody signed its end', async () => {
    for (const tar of [good, waiting, stopped]) {
      const verdict = await verifyBundle(await unsealed(() => {}, tar), signers)
      expect(verdict).toMatchObject({ holds: true, firstFault: null })
      expect(verdict.ranges.at(-1)).toMatchObject({ kind: 'nobody' })
    }
  })

  const dueTo = (message: string, code: FaultCode = 'RUN_DIFFERS') => ({
    code,
    message: expect.stringContaining(message),
  })
  test.each<[string, () => Buffer, object, (record: RunRecord) => void]>([
    ['the outcome', () => good, dueTo('outcome'), ({ run }) => Object.assign(run, { outcome: 'failed' })],
    [
      'an end that its last entry does not tell',
      () => good,
      dueTo('another end'),
      ({ run, history }) => {
        run.outcome = null
        delete history.at(-1)!.event.outcome
      },
    ],
    ['the gate', () => waiting, dueTo('gate'), ({ run }) => Object.assign(run, { gate: 'SG2' })],
    ['the arrival', () => waiting, dueTo('gateSeq'), ({ run }) => Object.assign(run, { gateSeq: 6 })],
    [
      'the hash of the arrival',
      () => waiting,
      dueTo('gateHead'),
      ({ run }) => Object.assign(run, { gateHead: `sha256:${'0'.repeat(64)}` }),
    ],
    [
      'the plan',
      () => waiting,
      dueTo('planDigest'),
      ({ run }) => Object.assign(run, { planDigest: run.head }),
    ],
    [
      'the stop',
      () => stopped,
      dueTo('stopCode'),
      ({ run }) => Object.assign(run, { stopCode: 'STOP_DRIFT' }),
    ],
    [
      'the reason of the stop',
      () => stopped,
      dueTo('stop than'),
      ({ run }) => Object.assign(run.stop!, { message: 'all is well' }),
    ],
    [
      'a plan that lies in the place of the one that waits',
      () => waiting,
      dueTo('plan that is not the newest', 'PLAN_DIFFERS'),
      (record) => {
        const bytes = Buffer.from('{"cuts":["c"]}')
        record.bytes.set(digestOfBytes(bytes), bytes)
        for (const { event } of record.history)
          if (event.evidence && 'plan/SG1' in (event.evidence as object))
            event.evidence = { ...(event.evidence as object), 'plan/SG1': digestOfBytes(bytes) }
      },
    ],
    [
      'the policy of a decision, with its name',
      () => good,
      dueTo('the policy of entry 15 is missing', 'EVIDENCE_DIFFERS'),
      ({ history }) => {
        const { event } = history.findLast((entry) => entry.event.type === 'APPROVE')!
        event.evidence = {}
      },
    ],
  ])('refuses a change of %s', async (_, from, found, change) => {
    expect(await faultIn(await unsealed(change, from()))).toMatchObject(found)
  })

  test('refuses files that no entry names, and missing files that one names', async () => {
    const record = await recordIn(waiting)
    const bytes = Buffer.from('a report of mine')
    record.bytes.set(digestOfBytes(bytes), bytes)
    record.evidence.push({ seq: 3, name: 'backup/report', digest: digestOfBytes(bytes) })
    expect(await faultIn(await bundleOf(record, waiting))).toMatchObject({ code: 'FILE_UNKNOWN' })
    record.evidence.splice(0)
    expect(await faultIn(await bundleOf(record, waiting))).toMatchObject({ code: 'FILE_MISSING' })
  })

  test('refuses other instructions in VERIFY.md', async () => {
    for (const tar of [good, waiting]) {
      const files = new Map(await filesIn(tar))
      edited(files, 'VERIFY.md', (text) => text.replace('sha256sum -c', 'true'))
      files.set(MANIFEST, Buffer.from(manifestText(files)))
      expect(await faultIn(await tarOf(files))).toMatchObject({
        code: 'VERIFY_TEXT_DIFFERS',
        file: 'VERIFY.md',
      })
    }
  })
})

describeWithKeys('verify of a malformed event', () => {
  test.each([
    ['an arrival that is null', { arrival: null }],
    ['evidence by no digest', { evidence: { x: 'y' } }],
    ['evidence that is a list', { evidence: ['x'] }],
    ['an outcome that there is not', { outcome: 'great' }],
    ['an upgrade from nothing', { type: 'cutter.upgraded' }],
  ])('refuses %s', async (_, fields) => {
    const tar = await altered((files) =>
      edited(files, 'history.jsonl', (text) => {
        const [first, ...others] = text.split('\n')
        const entry = JSON.parse(first!)
        return [canonicalJson({ ...entry, event: { ...entry.event, ...fields } }), ...others].join('\n')
      }),
    )
    expect(await faultIn(tar)).toMatchObject({ code: 'FILE_UNREADABLE' })
  })
})

function restatedAs(record: RunRecord, from: string, to: string): void {
  record.history = JSON.parse(JSON.stringify(record.history).replaceAll(from, to))
}
