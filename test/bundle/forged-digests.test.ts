import { afterAll, beforeAll, expect, test } from 'vitest'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { namespaceOf } from '../../src/approvals/statement.ts'
import type { FaultCode } from '../../src/bundle/bundle-fault.ts'
import { CLOSEOUT_NAMESPACE, closeoutText } from '../../src/bundle/closeout-statement.ts'
import type { RunRecord } from '../../src/bundle/run-record.ts'
import type { Statement } from '../../src/domain/approval.ts'
import { findUsedSeq } from '../../src/domain/history-facts.ts'
import { digestOfBytes } from '../../src/domain/json.ts'
import type { Run } from '../../src/domain/run.ts'
import { signApproval } from '../../src/engine/manage-approvals.ts'
import { removeFolders } from '../store/store-folders.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'
import { ALICE, aBundleMaker, type Bundles, bundleOf, recordIn, verifyBundle } from './bundle-fixture.ts'
import { approvalsInOrderOfUse, correctHashes, forge, renameApproval, restate } from './forge-bundle.ts'

/** Records of which a forger corrected every digest. Only the signatures of approvers and of the instance reveal the change. */

let at: Bundles
let run: Run
let good: Buffer

beforeAll(async () => {
  at = await aBundleMaker()
  run = await at.closed('live')
  good = await at.exported(run)
  at.keys.key('mallory')
})
afterAll(async () => {
  await at.remove()
  removeFolders()
})

const faultIn = async (tar: Buffer) => (await at.verify(tar)).firstFault

/** A run to which somebody brought an approval in alice's name, signed by another key. */
async function contestedRun(): Promise<Run> {
  const { parts, engine, store } = at.world
  const { runId } = await at.started('live')
  const theirs = await signApproval(parts, runId, {
    ...{ as: ALICE, decision: 'approve', reason: 'mine', keyFile: at.keys.path('mallory') },
  })
  const brought = engine.resume(runId, { approvalId: theirs.approval.approvalId })
  await expect(brought).rejects.toMatchObject({ data: { reason: 'SIGNER_NOT_ALLOWED' } })
  return at.approve(await at.approve((await store.run(runId))!))
}

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
        restate(record, { planDigest: plan.digest })
      },
    ],
    [
      'another approver',
      'SIGNATURE_INVALID',
      (record) => restate(record, { approver: 'mallory@example.org' }),
    ],
    [
      'a passed gate without its approval',
      'GATE_UNAPPROVED',
      (record) => {
        record.history[7]!.event = { type: 'TICK' }
        record.approvals = [approvalsInOrderOfUse(record)[1]!]
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
      (record) => restate(record, { decision: 'reject' }),
    ],
    [
      'an approval that had expired',
      'APPROVAL_EXPIRED',
      (record) =>
        restate(record, { issuedAt: '2026-02-01T09:00:00.000Z', expiresAt: '2026-02-02T09:00:00.000Z' }),
    ],
    [
      'an approval of an entry that is no arrival',
      'APPROVAL_ELSEWHERE',
      (record) => restate(record, { seq: 13, historyHead: record.history[12]!.hash }),
    ],
    [
      'an approval of the arrival at another gate',
      'APPROVAL_ELSEWHERE',
      (record) => restate(record, { seq: 7, historyHead: record.history[6]!.hash }),
    ],
    ['an approval of another arrival', 'APPROVAL_ELSEWHERE', (record) => restate(record, { seq: 6 })],
    [
      'an approval of another plan',
      'APPROVAL_ELSEWHERE',
      (record) => restate(record, { planDigest: `sha256:${'0'.repeat(64)}` }),
    ],
    [
      'an approval of another run',
      'APPROVAL_ELSEWHERE',
      (record) => restate(record, { runId: 'ictr-other' }),
    ],
    [
      'an approval of another machine',
      'APPROVAL_ELSEWHERE',
      (record) => restate(record, { machine: 'deploy' }),
    ],
    ['an approval of another version', 'APPROVAL_ELSEWHERE', (record) => restate(record, { version: '2' })],
  ])('refuses by its signatures: %s', async (_, code, change) => {
    expect(await faultIn(await forge(good, change))).toMatchObject({ code })
  })

  test('refuses the approval of the first gate at the second one', async () => {
    const tar = await forge(good, (record) => {
      const [first, second] = approvalsInOrderOfUse(record)
      renameApproval(record, second!.approvalId, first!.approvalId)
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
    correctHashes(record)
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
    const tar = await at.exported(await contestedRun())
    expect(await faultIn(tar)).toBeNull()
    const claiming = await forge(tar, (record) => {
      const refused = record.approvals.find(
        ({ approvalId }) => findUsedSeq(record.history, approvalId) === null,
      )!
      record.history.at(-1)!.event.approvalUsed = refused.approvalId
    })
    expect(await faultIn(claiming)).toMatchObject({ code: 'GATE_UNAPPROVED' })
  })

  test('refuses a dry run that claims to be live', async () => {
    const dry = await at.exported(await at.closed('dry-run'))
    expect(await faultIn(dry)).toBeNull()
    const tar = await forge(dry, (record) => {
      Object.assign(record.genesis, { mode: 'live' })
      Object.assign(record.run, { mode: 'live' })
    })
    expect(await faultIn(tar)).toMatchObject({ code: 'RUN_DIFFERS', file: 'genesis.json' })
  })

  test('refuses a statement of alice that another key signed', async () => {
    const record = await recordIn(good)
    const keyFile = at.keys.path('mallory')
    record.history[2]!.by = 'somebody'
    correctHashes(record)
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
