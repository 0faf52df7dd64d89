import { z } from 'zod'
import type { EffectContext, EffectResult, Probe, WriteEffect } from '../../../domain/effect.ts'
import { CutterError, Stop } from '../../../domain/errors.ts'
import { readEvidenceJson, withHost } from '../../deploy/deps.ts'
import { CommandFailed, type HostSession } from '../../deploy/host-session.ts'
import { assertPlannedHost } from '../../deploy/phases/transfer-promote.ts'
import { parsePairs, readPromoteState } from '../../deploy/read-commands.ts'
import { listTree } from '../../deploy/tree-listing.ts'
import * as write from '../../deploy/write-commands.ts'
import type { RollbackDeps } from '../deps.ts'
import { compareRemovals } from '../locate-deploy.ts'
import { type RemovedPath, type RollbackPlan, reversePointer } from '../plan.ts'

const input = z.object({ planDigest: z.string() })
const output = z.looseObject({ removed: z.number() })
type Input = z.infer<typeof input>
type Output = z.infer<typeof output>

/**
 * The pointer first, then the tree in one rename to where nobody else comes, there compared once more, and then what the plan lists goes,
 * path by path. It acts in the name of the deploy, whose staging folder it takes: so another rollback of the same deploy goes on from
 * wherever this one ends.
 */
export function takeBack(world: RollbackDeps): WriteEffect<Input, Output> {
  return {
    name: 'take_back',
    kind: 'write',
    input,
    output,
    async execute(context, { planDigest }) {
      const plan = await readEvidenceJson<RollbackPlan>(context, planDigest)
      return withHost(world, context, plan.host.name, async (hand) => {
        assertPlannedHost(hand, plan)
        if ((await readRemoval(hand, plan)) !== 'done') await removed(hand, context, plan)
        return { ...resultOf(plan), evidence: [hand.sent('take_back')] }
      })
    },
    async simulate(context, { planDigest }) {
      const plan = await readEvidenceJson<RollbackPlan>(context, planDigest)
      return { output: { removed: 0, report: { removed: 0, ofFiles: plan.files } } }
    },
    async probe(context, { planDigest }): Promise<Probe<Output>> {
      const plan = await readEvidenceJson<RollbackPlan>(context, planDigest)
      return withHost(world, context, plan.host.name, async (hand): Promise<Probe<Output>> => {
        const state = await readRemoval(hand, plan)
        if (state === 'busy')
          return { outcome: 'unknown', why: 'an earlier command of this run still works on the host' }
        return state === 'done' ? { outcome: 'committed', ...resultOf(plan) } : { outcome: 'not-committed' }
      })
    },
  }
}

const resultOf = (plan: RollbackPlan): EffectResult<Output> => ({
  output: { removed: plan.files, report: { removed: plan.files, ofFiles: plan.files } },
})

/** `open`: something of the deploy is in its place; `begun`: only in staging; `done`: nowhere. */
export async function readRemoval(
  hand: HostSession,
  plan: RollbackPlan,
): Promise<'open' | 'begun' | 'done' | 'busy'> {
  const { staging, target, ofRun, pointer } = plan
  const { exitCode, stdout } = await hand.run(
    readPromoteState(staging, target, ofRun, pointer?.path, pointer?.now),
  )
  if (exitCode === write.EXIT.busy) return 'busy'
  const found = parsePairs(stdout.toString('utf8'))
  if (found.manifest === 'yes' || (pointer !== null && found.pointer === 'yes')) return 'open'
  return found.staging === 'yes' && found.mine === 'yes' ? 'begun' : 'done'
}

async function removed(hand: HostSession, context: EffectContext, plan: RollbackPlan): Promise<void> {
  const { staging, target, ofRun } = plan
  try {
    await hand.text(write.stage(staging, ofRun))
    await hand.text(write.withdrawTarget(staging, ofRun, target, reversePointer(plan)))
  } catch (error) {
    if (!(error instanceof CommandFailed) || error.exitCode !== write.EXIT.notOurs) throw error
    throw new Stop('STOP_DRIFT', `${staging} on the host belongs to another run; nothing was touched`, {
      next: 'wait for it, then: cutter run resume <run>',
    })
  }
  await refuseOthers(hand, plan)
  context.progress(`removes ${plan.files} files`)
  const paths = (which: RemovedPath[]) => which.map(({ path }) => `./${path}\0`).join('')
  const folders = plan.removes.filter(({ type }) => type === 'directory')
  const deepestFirst = folders.sort((a, b) => depth(b.path) - depth(a.path))
  await hand.putText(
    paths(plan.removes.filter(({ type }) => type !== 'directory')),
    `${staging}/files`,
    0o600,
  )
  await hand.putText(paths(deepestFirst), `${staging}/folders`, 0o600)
  const { exitCode } = await hand.run(write.removeListed(staging, ofRun))
  if (exitCode === write.EXIT.remains) throw remains(plan, 'something came into it, or can’t be removed')
  if (exitCode !== 0)
    throw new Error(`what was withdrawn to ${staging} can't be removed (exit code ${exitCode})`)
  await hand.text(write.discard(staging, ofRun))
}

const depth = (path: string) => path.split('/').length

/** Out of the way nobody changes it any more: so this is the look that counts. What is not as planned goes back to its place. */
async function refuseOthers(hand: HostSession, plan: RollbackPlan): Promise<void> {
  const { staging, target, ofRun, removes } = plan
  const withdrawn = `${staging}/withdrawn`
  if ((await hand.host.stat(withdrawn)) === null) return
  const { faults, caches } = compareRemovals(removes, await listTree(hand, withdrawn))
  const differences = [...faults, ...caches.map(({ path }) => `${path} came besides`)]
  if (differences.length === 0) return
  const what = differences.slice(0, 5).join('; ')
  const { exitCode } = await hand.run(write.restoreWithdrawn(staging, ofRun, target, reversePointer(plan)))
  if (exitCode !== 0) throw remains(plan, what)
  await hand.text(write.discard(staging, ofRun))
  throw new Stop(
    'STOP_DRIFT',
    `${target} changed since the last look: ${what}; it was put back and nothing was removed`,
    {
      next: 'set that right, then: cutter run resume <run>; or cancel it and start another',
      data: { differences: differences.slice(0, 100) },
    },
  )
}

const remains = ({ target, staging }: RollbackPlan, what: string) =>
  new CutterError(
    'HOST_COMMAND_FAILED',
    `${target} was withdrawn, but is not removed: ${what}; what is left of it lies in ${staging}/withdrawn`,
    { next: `move away from there what is to be kept, then: cutter run resume <run>` },
  )
