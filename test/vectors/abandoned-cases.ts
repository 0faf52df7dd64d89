import { readFileSync } from 'node:fs'
import { addCountersignature } from '../../src/bundle/countersign-closeout.ts'
import type { RunRecord } from '../../src/bundle/run-record.ts'
import type { EffectRow } from '../../src/domain/effect.ts'
import { hashEntry } from '../../src/domain/history.ts'
import { rehearseApproval } from '../../src/engine/manage-approvals.ts'
import type { RunStore } from '../../src/store/run-store.ts'
import { abandoned, aRunThatDied, aStrandedRun, signAbandonment } from '../bundle/abandoned-runs.ts'
import { ALICE, aBundleMaker, bundleOf, recordIn } from '../bundle/bundle-fixture.ts'
import { shared, type VectorCase } from './read-vectors.ts'

/** Bundles of abandoned runs, and of a run whose abandonment was refused. */
export async function abandonedCases(given: { definitionDigest: string }): Promise<VectorCase[]> {
  const at = await aBundleMaker(given)
  const { engine, parts } = at.world
  const early = await at.started('live')
  const untouched = await at.exported(await abandoned(at, early))
  const dry = await at.started('dry-run')
  const how = { as: 'rehearsal', decision: 'abandon', reason: 'not needed' } as const
  const { approvalId } = await rehearseApproval(parts, dry.runId, how)
  const rehearsed = await at.exported(await engine.abandon(dry.runId, { approvalId }))
  const refused = await at.started('live')
  await engine.resume(refused.runId, { approvalId: await signAbandonment(at, refused) }).catch(() => {})
  const cancelled = await at.exported(await engine.cancel(refused.runId, { reason: 'wrong file' }))
  const run = await abandoned(at, await aStrandedRun(at))
  const live = await at.exported(run)
  const keyFile = at.keys.path('alice')
  await addCountersignature(at.sealing, run, { as: ALICE, keyFile, trust: parts.trust })
  const countersigned = await at.exported(run)

  const signers = shared('abandoned.signers', readFileSync(at.keys.path('allowed_signers'), 'utf8'))
  const trusting = shared('abandoned-instance.signers', readFileSync(await at.trustingInstance(run), 'utf8'))
  const altered = async (change: (record: RunRecord) => void) => {
    const record = await recordIn(live)
    change(record)
    return bundleOf({ ...record, closeout: null }, live)
  }
  const without = ({ run, history }: RunRecord) => {
    const last = history.at(-1)!
    last.event.unsettledWrites = []
    last.hash = hashEntry(last)
    run.head = last.hash
  }
  const trial = await at.exported(await abandoned(at, await aRunThatDied(at, 'write')))
  const { storedRun } = at.world.store
  /** A store that answers other effects in flight than it has. */
  const withEffects = (effects: EffectRow[]): Pick<RunStore, 'effects' | 'storedRun'> => ({
    effects: async () => effects,
    storedRun: async (id) => ({ ...(await storedRun(id))!, effects }),
  })
  const hidden = await aRunThatDied(at, 'write')
  const [row] = await at.world.store.effects(hidden.runId)
  at.world.parts.store = { ...at.world.store, ...withEffects([]) }
  const withoutTrial = await at.exported(await abandoned(at, hidden))
  at.world.parts.store = at.world.store
  const added = await aRunThatDied(at, 'write')
  at.world.parts.store = {
    ...at.world.store,
    ...withEffects([row!, { ...row!, invokeId: 'never_asked' }]),
    claim: async () => row!,
  }
  const withAnother = await at.exported(await abandoned(at, added))
  const cases: VectorCase[] = [
    { name: 'good-live-abandoned', tar: live, signers },
    { name: 'good-live-abandoned-trusted', tar: live, signers: trusting, args: ['--require-trusted'] },
    { name: 'good-live-abandoned-countersigned', tar: countersigned, signers },
    { name: 'good-live-abandoned-early', tar: untouched, signers },
    { name: 'good-dry-abandoned', tar: rehearsed, signers },
    { name: 'good-live-abandonment-refused', tar: cancelled, signers },
    { name: 'good-live-abandoned-unsigned', tar: await altered(() => {}), signers },
    { name: 'good-live-abandoned-in-trial', tar: trial, signers },
    { name: 'refused-abandoned-in-trial', tar: withoutTrial, signers },
    { name: 'refused-abandoned-never-asked', tar: withAnother, signers },
    {
      name: 'refused-abandoned-list',
      tar: await altered((record) => {
        record.unsettledWrites = []
      }),
      signers,
    },
    {
      name: 'refused-abandoned-history',
      tar: await altered((record) => {
        record.unsettledWrites = []
        without(record)
      }),
      signers,
    },
    {
      name: 'refused-abandoned-approval',
      tar: await altered((record) => {
        record.approvals = record.approvals.filter(
          ({ statementText }) => !statementText.includes('"abandon"'),
        )
      }),
      signers,
    },
  ]
  await at.remove()
  return cases
}
