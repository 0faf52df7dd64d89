import { computeFingerprint } from '../../../src/approvals/openssh/allowed-signers.ts'
import { signText } from '../../../src/approvals/openssh/sign-text.ts'
import type { RunRecord } from '../../../src/bundle/run-record.ts'
import { canonicalJson, digestOfBytes } from '../../../src/domain/json.ts'
import { ALICE } from '../../bundle/bundle-fixture.ts'
import {
  approvalsInOrderOfUse,
  changePolicy,
  lastDecision,
  renameApproval,
} from '../../bundle/forge-bundle.ts'
import { type Forgery, fullWidth, type Good, sealed, signedBy } from './forgery.ts'

/** Makes the run come to its second gate again with another plan, and use the approval of the earlier arrival. */
export function arriveAgain(record: RunRecord): void {
  const decided = lastDecision(record)
  const index = record.history.indexOf(decided)
  const arrival = record.history[index - 1]!
  const bytes = Buffer.from(canonicalJson({ enacts: 99 }))
  const digest = digestOfBytes(bytes)
  record.bytes.set(digest, bytes)
  const again = structuredClone(arrival)
  again.event = {
    type: 'cutter.replanned',
    arrival: { gate: 'SG2', planDigest: digest },
    evidence: { 'plan/SG2': digest },
  } as never
  record.history.splice(index, 0, again)
  for (const [at, entry] of record.history.entries()) entry.seq = at + 1
}

/** Approvals that are for something else, or of somebody who may not decide. */
export async function approvalForgeries({ at, tar: good, quorum }: Good): Promise<Forgery[]> {
  const swap = await sealed(at, good, (record) => {
    const [one, two] = approvalsInOrderOfUse(record).map(({ approvalId }) => approvalId)
    renameApproval(record, one!, 'ap-x')
    renameApproval(record, two!, one!)
    renameApproval(record, 'ap-x', two!)
  })
  const twice = await sealed(at, good, (record) => {
    const [one, two] = approvalsInOrderOfUse(record)
    renameApproval(record, two!.approvalId, one!.approvalId)
    record.approvals = record.approvals.filter((each) => each !== two)
  })
  const rejected = await sealed(at, good, (record) => signedBy(at, record, 'alice', { decision: 'reject' }))
  const stale = await sealed(at, good, arriveAgain)
  const certificate = quorum.at.keys.certify('alice', 'bob@example.org', 'authority')
  const samePerson = await sealed(quorum.at, quorum.tar, async (record) => {
    const { event } = lastDecision(record)
    const byBob = record.approvals.filter(
      ({ statementText }) =>
        statementText.includes('"approver":"bob@example.org"') && statementText.includes('"gate":"SG2"'),
    )[0]!
    const namespace = 'cutter.cut.SG2'
    byBob.signature = (await signText({
      text: byBob.statementText,
      keyFile: certificate,
      namespace,
    })) as never
    const fingerprint = computeFingerprint(quorum.at.keys.publicKey('alice'))
    for (const row of event.counted as { approvalId: string; fingerprint: string }[])
      Object.assign(row, { fingerprint })
    const lines = `${ALICE} ${quorum.at.keys.publicKey('alice')}\nbob@example.org cert-authority ${quorum.at.keys.publicKey('authority')}\n`
    const bytes = Buffer.from(lines)
    const digest = digestOfBytes(bytes)
    record.bytes.set(digest, bytes)
    event.evidence = { ...(event.evidence as object), 'signers/SG2': digest }
    changePolicy({ allowedSignersDigest: digest })(record)
  })
  const certSigners = `${ALICE} ${quorum.at.keys.publicKey('alice')}\nbob@example.org ${quorum.at.keys.publicKey('bob')}\nbob@example.org cert-authority ${quorum.at.keys.publicKey('authority')}\n`
  const operator = (by: string) =>
    sealed(at, good, (record) => void Object.assign(lastDecision(record), { by }))
  return [
    { name: 'approvals swapped between gates', tar: swap, exit: 1 },
    { name: 'one approval for both gates', tar: twice, exit: 1 },
    { name: 'a rejection that an entry uses as an approval', tar: rejected, exit: 1 },
    { name: 'the approval of an earlier arrival with another plan', tar: stale, exit: 1 },
    {
      name: 'a second approver who is the same person under a certificate',
      tar: samePerson,
      signers: certSigners,
      exit: 1,
    },
    { name: 'the same, without signers', tar: samePerson, signers: null, exit: 1 },
    {
      name: 'an operator in full-width letters who approves',
      tar: await operator(`${fullWidth('ALICE')}@example.org`),
      exit: 1,
    },
    {
      name: 'an operator with a zero-width space who approves',
      tar: await operator('al\u200bice@example.org'),
      exit: 1,
    },
    {
      name: 'an operator with an invisible filler who approves',
      tar: await operator('al\u3164ice@example.org'),
      exit: 1,
    },
    {
      name: 'an operator with blanks around who approves',
      tar: await operator('\u3000alice@example.org\u00a0'),
      exit: 1,
    },
    {
      name: 'an operator with a ligature is somebody else',
      tar: await operator('aﬁce@example.org'),
      exit: 0,
    },
    {
      name: 'a statement that began after its decision',
      tar: await sealed(at, good, (record) =>
        signedBy(at, record, 'alice', {
          issuedAt: '2027-01-01T00:00:00.000Z',
          expiresAt: '2027-01-02T00:00:00.000Z',
        }),
      ),
      exit: 1,
    },
    {
      name: 'a statement for another machine',
      tar: await sealed(at, good, (record) => signedBy(at, record, 'alice', { machine: 'deploy' })),
      exit: 1,
    },
    {
      name: 'a statement for another version',
      tar: await sealed(at, good, (record) => signedBy(at, record, 'alice', { version: '2' })),
      exit: 1,
    },
    {
      name: 'a statement for another plan',
      tar: await sealed(at, good, (record) =>
        signedBy(at, record, 'alice', { planDigest: `sha256:${'0'.repeat(64)}` }),
      ),
      exit: 1,
    },
    {
      name: 'a statement with one more field',
      tar: await sealed(at, good, (record) => signedBy(at, record, 'alice', { extra: 1 } as never)),
      exit: 1,
    },
    {
      name: 'a statement with a seq as text',
      tar: await sealed(at, good, (record) => signedBy(at, record, 'alice', { seq: '14' } as never)),
      exit: 1,
    },
    {
      name: 'an approver of mixed case',
      tar: await sealed(at, good, (record) =>
        signedBy(at, record, 'alice', { approver: 'Alice@example.org' }),
      ),
      exit: 1,
    },
    {
      name: 'a run that calls itself a dry run',
      tar: await sealed(at, good, (record) => void Object.assign(record.genesis, { mode: 'dry-run' })).catch(
        () => Buffer.alloc(0),
      ),
      exit: 1,
    },
  ]
}
