import { jsonEvidence } from '../../../domain/evidence.ts'
import { defineCheckPhase } from '../check-phase.ts'
import type { DeployDeps } from '../deps.ts'
import { listBesides } from '../list-besides.ts'
import { listFaults, runStep, summarizeOutcome } from '../run-check.ts'

/** Runs the build of the checks file in the new folder, and keeps the list of what it made there. */
export const build = (deps: DeployDeps) =>
  defineCheckPhase(deps, {
    name: 'build',
    stage: 'G4',
    reports: 'only faults',
    idle: ({ checks }) => (checks.build === undefined ? 'no build was given' : null),
    async work({ session, context, plan, inTarget }) {
      const outcome = await runStep(inTarget, 'build', plan.checks.build!)
      const faults = listFaults([outcome])
      const made = faults.length === 0 ? await listBesides(session, context, plan) : []
      const listed = jsonEvidence('built', made)
      return {
        faults,
        tried: [outcome],
        why: summarizeOutcome(outcome),
        facts: { made: `${made.length} paths`, list: listed.digest },
        learned: { builtDigest: listed.digest },
        evidence: [listed],
      }
    },
  })
