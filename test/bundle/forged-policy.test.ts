import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RunRecord } from '../../src/bundle/run-record.ts'
import { verdictNotes } from '../../src/bundle/signed-ranges.ts'
import { canonicalJson, digestOfBytes, type Json } from '../../src/domain/json.ts'
import { removeFolders } from '../store/store-folders.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'
import { ALICE, aBundleMaker, type Bundles, recordIn, verifyBundle } from './bundle-fixture.ts'
import { forge, lastDecision } from './forge-bundle.ts'

/** A gate that needs two approvers: their approvals, and the policy that an entry records. */

let at: Bundles
let good: Buffer

beforeAll(async () => {
  at = await aBundleMaker({ need: 2 })
  good = await at.exported(await at.closed('live'))
})
afterAll(async () => {
  await at.remove()
  removeFolders()
})

describeWithKeys('verify of a bundle that two people approved', () => {
  const withoutBob = (record: RunRecord) => {
    const counted = lastDecision(record).event.counted as { approvalId: string; principal: string }[]
    const bobs = counted.find(({ principal }) => principal !== ALICE)!.approvalId
    record.approvals = record.approvals.filter(({ approvalId }) => approvalId !== bobs)
    return counted.filter(({ approvalId }) => approvalId !== bobs)
  }

  test('reports both approvers for the entries before each gate', async () => {
    const { holds, ranges, approvals } = await at.verify(good)
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
    const gone = await forge(good, (record) => void withoutBob(record))
    expect((await at.verify(gone)).firstFault).toMatchObject({
      code: 'POLICY_UNMET',
      message: expect.stringContaining('counts approval'),
    })
    const uncounted = await forge(good, (record) => {
      lastDecision(record).event.counted = withoutBob(record) as unknown as Json
    })
    expect((await at.verify(uncounted)).firstFault).toMatchObject({
      code: 'POLICY_UNMET',
      message: expect.stringContaining('1 of the 2 people'),
    })
  })

  test('refuses a decision with another key, or with a policy that is missing, unreadable or names others', async () => {
    const otherPolicy = (text: (old: string) => string) => (record: RunRecord) => {
      const old = record.bytes.get(lastDecision(record).event.policyDigest as string)!
      const bytes = Buffer.from(text(Buffer.from(old).toString()))
      const digest = digestOfBytes(bytes)
      record.bytes.set(digest, bytes)
      const { event } = lastDecision(record)
      event.evidence = { ...(event.evidence as object), 'policy/SG2': digest }
      event.policyDigest = digest
    }
    const changedPolicy = (change: object) =>
      otherPolicy((old) => canonicalJson({ ...JSON.parse(old), ...change }))
    for (const [change, words] of [
      [
        (record) =>
          Object.assign((lastDecision(record).event.counted as object[])[1]!, { fingerprint: 'SHA256:x' }),
        'another key',
      ],
      [
        (record) =>
          Object.assign(lastDecision(record).event, { counted: { all: lastDecision(record).event.counted } }),
        'in a known form',
      ],
      [otherPolicy(() => 'no JSON'), 'is not a valid policy'],
      [changedPolicy({ of: ['alice@example.org'] }), 'does not name them'],
      [
        (record) => {
          delete lastDecision(record).event.policyDigest
          delete (lastDecision(record).event.evidence as { [name: string]: string })['policy/SG2']
          delete (lastDecision(record).event.evidence as { [name: string]: string })['signers/SG2']
        },
        'records no policy, though entry 14 arrived there under one',
      ],
      [
        (record) => {
          changedPolicy({ validHours: 0.5 })(record)
          // From there on an hour later, which the statements allow.
          for (const entry of record.history.slice(lastDecision(record).seq - 1))
            entry.at = new Date(Date.parse(entry.at) + 3_600_000).toISOString()
        },
        'after the 0.5 h of the policy of that time',
      ],
      [changedPolicy({ of: null, need: 3 }), '2 of the 3 people'],
      [changedPolicy({ presence: 'required' }), 'as the policy of that time requires (USER_NOT_PRESENT)'],
      [changedPolicy({ verification: 'required' }), '(USER_NOT_VERIFIED)'],
      [changedPolicy({ allowedSignersDigest: null }), 'are not those of the policy'],
      [
        (record) => Object.assign(lastDecision(record), { by: 'ALICE@example.org' }),
        'approved at entry 15, but operates the run',
      ],
    ] as [(record: RunRecord) => void, string][]) {
      expect((await at.verify(await forge(good, change))).firstFault, words).toMatchObject({
        code: 'POLICY_UNMET',
        message: expect.stringContaining(words),
      })
    }
  })
})

describeWithKeys('the notes of a bundle that holds', () => {
  test('name a policy that changed between arrival and decision', async () => {
    const lenient = await forge(good, (record) => {
      record.closeout = null
      const { event } = lastDecision(record)
      const policy = JSON.parse(Buffer.from(record.bytes.get(event.policyDigest as string)!).toString())
      const bytes = Buffer.from(canonicalJson({ ...policy, need: 1 }))
      record.bytes.set(digestOfBytes(bytes), bytes)
      event.policyDigest = digestOfBytes(bytes)
      event.evidence = { ...(event.evidence as object), 'policy/SG2': digestOfBytes(bytes) }
    })
    const { holds, notes } = await at.verify(lenient)
    expect(holds).toBe(true)
    expect(notes[1]).toContain(
      'policy or signers of SG2 changed between the arrival of the run (entry 14) and the decision (entry 15)',
    )
    expect((await verifyBundle(good, null)).notes).toHaveLength(1)
  })

  test('name a live success under an unknown definition, and that nobody approved anything', async () => {
    const record = await recordIn(good)
    const how = { withSigners: true, areGatesKnown: false, checkedParts: [] }
    expect(verdictNotes(record, [], [], how)[0]).toMatch(/^gates unknown: .*nobody approved anything$/)
  })
})
