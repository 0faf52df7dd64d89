import { z } from 'zod'
import type { EffectContext, ReadEffect } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { bytesEvidence, jsonEvidence } from '../../../domain/evidence.ts'
import { readEvidenceJson, readHost } from '../../deploy/deps.ts'
import { type Anchors, compareAnchors, surveyAnchors } from '../../deploy/host-survey.ts'
import type { DeployPlan } from '../../deploy/plan.ts'
import type { RollbackDeps } from '../deps.ts'
import type { RollbackPlan } from '../plan.ts'
import { readRemoval } from './take-back.ts'

const input = z.object({ planDigest: z.string(), surveyDigest: z.string() })
const output = z.looseObject({ report: z.looseObject({}) })

/** The last look: of the deploy nothing is left, and everything else is as it was found. */
export function closeout(world: RollbackDeps): ReadEffect<z.infer<typeof input>, z.infer<typeof output>> {
  return {
    name: 'closeout',
    kind: 'read',
    input,
    output,
    async execute(context, { planDigest, surveyDigest }) {
      const plan = await readEvidenceJson<RollbackPlan>(context, planDigest)
      const { place, checks } = await readEvidenceJson<DeployPlan>(context, plan.ofPlan)
      const before = await readEvidenceJson<Anchors>(context, surveyDigest)
      return readHost(world, context, plan.host.name, async (hand) => {
        refuseLeft(context, plan, await readRemoval(hand, plan))
        const after = await surveyAnchors(hand, place)
        const { strict, tolerated } = compareAnchors(before, after, checks.tolerate)
        const report = {
          standsAs: standsAs(context, plan),
          asBefore: strict.length === 0,
          differences: strict.slice(0, 50),
          tolerated: tolerated.slice(0, 50),
        }
        const text = reportText(context, plan, before, report)
        return {
          output: { report },
          evidence: [
            jsonEvidence('anchors/after', after),
            bytesEvidence('report/rollback', 'text/markdown', Buffer.from(text)),
            hand.sent('closeout'),
          ],
        }
      })
    },
  }
}

function refuseLeft({ mode }: EffectContext, { target, staging, ofRun }: RollbackPlan, state: string): void {
  if (mode !== 'live' || state === 'done') return
  throw new Stop(
    'STOP_ROLLBACK_FAILED',
    `something of run ${ofRun} is on the host again, at ${target} or ${staging}`,
    { next: 'look who put it there; when it is gone: cutter run resume <run>' },
  )
}

function standsAs({ mode }: EffectContext, { target, pointer }: RollbackPlan): string {
  if (mode !== 'live') return `a dry run: ${target} is as it was`
  const leads =
    pointer === null
      ? ''
      : `; ${pointer.path} ${pointer.back === '' ? 'is gone too' : `leads to ${pointer.back} again`}`
  return `${target} is gone${leads}`
}

function reportText(
  { runId, mode }: EffectContext,
  plan: RollbackPlan,
  { previous }: Anchors,
  report: { standsAs: string; differences: string[]; tolerated: string[] },
): string {
  const { ofRun, commit, host, removes, files } = plan
  const caches = removes.filter(({ cache }) => cache === true)
  const verb = mode === 'live' ? 'Removed' : 'Would be removed'
  const section = (title: string, lines: string[]) => [
    `## ${title}`,
    '',
    ...(lines.length === 0 ? ['None.'] : lines),
    '',
  ]
  return [
    `# Rollback ${runId}: ${mode}`,
    '',
    `${report.standsAs}. Taken back: run ${ofRun}, commit ${commit}, on ${host.address} (${host.hostKey}).`,
    '',
    ...section(
      `${verb}: ${files} files`,
      removes.map(({ path, type, sha256 }) => `- ${path} (${sha256 ?? type})`),
    ),
    ...section(
      'Of these, caches that the manifest does not list',
      caches.map(({ path }) => `- ${path}`),
    ),
    ...section(
      'Stays',
      previous.map(({ path, treeHash }) => `- ${path} ${treeHash}`),
    ),
    ...section(
      'What else changed on the host meanwhile',
      [...report.differences, ...report.tolerated].map((line) => `- ${line}`),
    ),
  ].join('\n')
}
