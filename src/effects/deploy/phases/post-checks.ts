import { z } from 'zod'
import type { EffectResult, WriteEffect } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import type { RunResult } from '../../../targets/ssh/open-host.ts'
import { findMismatch } from '../checks-file.ts'
import { type DeployDeps, readEvidenceJson, readHost } from '../deps.ts'
import type { HostSession } from '../host-session.ts'
import type { DeployPlan } from '../plan.ts'
import { type CheckOutcome, describeOutcome, runCheck } from '../run-check.ts'
import { reportStage, type StageName } from '../stages.ts'
import { inFolder, skeleton } from '../write-commands.ts'

/** What is done with the deployed program, once it is in its place: its checks (G5), its rehearsal (G6), folders for it to run in. */

const input = z.object({ host: z.string(), planDigest: z.string() })
const output = z.looseObject({ passed: z.boolean() })
type Input = z.infer<typeof input>
type Output = z.infer<typeof output>

/** They can be done again at will; so a probe always says that they are to be done. */
function again(
  world: DeployDeps,
  name: string,
  gate: StageName | null,
  work: (
    hand: HostSession,
    plan: DeployPlan,
  ) => Promise<
    | { faults: string[]; tried: CheckOutcome[]; why: string; facts: { [key: string]: string[] | string } }
    | string
  >,
): WriteEffect<Input, Output> {
  const says = (status: 'PASS' | 'FAIL' | 'NOT EXECUTED', why: string, facts = {}) =>
    gate === null ? {} : reportStage(gate, status, why, facts)
  return {
    name,
    kind: 'write',
    input,
    output,
    async execute(context, given): Promise<EffectResult<Output>> {
      const plan = await readEvidenceJson<DeployPlan>(context, given.planDigest)
      return readHost(world, context, given.host, async (hand) => {
        const done = await work(hand, plan)
        if (typeof done === 'string') return { output: { passed: true, ...says('NOT EXECUTED', done) } }
        const { faults, tried, why, facts } = done
        const evidence = [jsonEvidence(`tried/${name}`, tried), hand.sent(name)]
        if (faults.length === 0) return { output: { passed: true, ...says('PASS', why, facts) }, evidence }
        if (plan.onFailure === 'stop') throw failed(name, faults)
        return {
          output: {
            passed: false,
            failure: `${name}: ${faults[0]}`,
            ...says('FAIL', faults.join('; '), facts),
          },
          evidence,
        }
      })
    },
    async simulate() {
      return {
        output: {
          passed: true,
          ...says('NOT EXECUTED', 'a dry run deploys nothing, so there is nothing to try out on the host'),
        },
      }
    },
    probe: async () => ({ outcome: 'not-committed' }),
  }
}

function failed(name: string, faults: string[]): Stop {
  return new Stop('STOP_CHECKS_FAILED', `${name}: ${faults.slice(0, 5).join('; ')}`, {
    next: 'mend the host and: cutter run resume <run>; or cutter run cancel <run>, which rolls back',
    data: { faults: faults.slice(0, 100) },
  })
}

const faultsOf = (tried: CheckOutcome[]) =>
  tried.flatMap(({ name, fault }) => (fault === null ? [] : [`${name} ${fault}`]))
const shortly = ({ name, fault, fallback }: CheckOutcome) =>
  `${name}: ${fault ?? 'as expected'}${fallback ? ' (by its fallback)' : ''}`

/** A program that could not be run at all (126, 127: a shell's word for that) has refused nothing. */
function notRefused({ exitCode }: RunResult): string | null {
  if (exitCode === 126 || exitCode === 127) return `could not be run: ended with ${exitCode}`
  return exitCode === 0 || exitCode === null ? 'was not refused' : null
}

export const postChecks = (world: DeployDeps) =>
  again(world, 'post_checks', 'G5', async (hand, { checks, place }) => {
    if (checks.checks.length === 0) return 'no checks were given'
    const tried: CheckOutcome[] = []
    for (const check of checks.checks) tried.push(await runCheck(hand, place.target, check))
    return {
      faults: faultsOf(tried),
      tried,
      why: `${tried.length} of ${tried.length} checks as expected`,
      facts: { checks: tried.map(shortly) },
    }
  })

/** The deployed program itself, reading only: it refuses to go live, and what it counts is the same before and after. */
export const rehearse = (world: DeployDeps) =>
  again(world, 'rehearse', 'G6', async (hand, { checks: { rehearsal }, place }) => {
    if (rehearsal === undefined) return 'no rehearsal was given'
    const timeoutMs = rehearsal.timeoutSeconds * 1000
    const run = (name: string, argv: string[]) => hand.run(inFolder(name, place.target, argv), { timeoutMs })
    const count = async (when: string) => {
      if (rehearsal.counts === undefined) return null
      const result = await run(`counts ${when}`, rehearsal.counts)
      const fault = result.exitCode === 0 ? null : `ended with ${result.exitCode ?? result.signal}`
      return {
        whole: result.stdout,
        told: describeOutcome(`counts ${when}`, rehearsal.counts, false, fault, result),
      }
    }
    const before = await count('before')
    const result = await run('rehearsal', rehearsal.run)
    const tried = [
      describeOutcome('rehearsal', rehearsal.run, false, findMismatch(rehearsal.expect, result), result),
    ]
    if (rehearsal.refused !== undefined) {
      const live = await run('live start', rehearsal.refused)
      tried.push(describeOutcome('live start', rehearsal.refused, false, notRefused(live), live))
    }
    const after = await count('after')
    if (before !== null && after !== null) {
      const other = before.whole.equals(after.whole) ? null : 'differs from the counts before'
      tried.push(before.told, { ...after.told, fault: after.told.fault ?? other })
    }
    return {
      faults: faultsOf(tried),
      tried,
      why: 'the deployed program reads, refuses to go live, and changes no count',
      facts: { tried: tried.map(shortly) },
    }
  })

export const runtimeSkeleton = (world: DeployDeps) =>
  again(world, 'runtime_skeleton', null, async (hand, { checks: { skeleton: bones }, place }) => {
    const { folders, files } = bones
    if (folders.length + Object.keys(files).length > 0)
      await hand.text(skeleton(place.target, folders, files))
    return { faults: [], tried: [], why: '', facts: {} }
  })
