import type { EffectContext } from '../../domain/effect.ts'
import { type MarkdownLine, md, nameSpan, page, points, type Shown } from '../../domain/markdown.ts'
import type { Anchors } from '../deploy/host-survey.ts'
import type { RollbackPlan } from './plan.ts'

/** The state of the host after a rollback, in one sentence. */
export function describeEnd(
  mode: EffectContext['mode'],
  { target, staging, found, pointer, stays, restores }: RollbackPlan,
): string {
  const to =
    pointer === null
      ? ''
      : `${pointer.path} ${pointer.back === '' ? 'is gone too' : `leads to ${pointer.back} again`}`
  if (mode !== 'live') return `a dry run: ${target} is as it was`
  if (restores !== undefined) return `${target} holds the earlier version again, from ${restores}`
  if (found === 'in staging') return `${staging} is gone, and nothing of the deploy was at ${target}`
  if (pointer === null) return `${target} is gone`
  return stays ? to : `${target} is gone; ${to}`
}

/** The report of a rollback for people, as Markdown. */
export function formatRollbackReport(
  { runId, mode }: EffectContext,
  plan: RollbackPlan,
  { previous }: Anchors,
  report: {
    standsAs: string
    kept: string | null
    staysOutside?: string[]
    differences: string[]
    tolerated: string[]
  },
): string {
  const { ofRun, commit, host, removes, files, stays } = plan
  const verb = mode === 'live' ? 'Removed' : 'Would be removed'
  return page(
    md`# Rollback ${runId}: ${mode}`,
    '',
    md`${report.standsAs}. Rolled back: run ${ofRun}, commit ${commit}, on ${host.address} (${host.hostKey}).`,
    '',
    section(
      `${verb}: ${stays ? 0 : files} files`,
      (stays ? [] : removes).map(
        ({ path, type, sha256 }) => md`${nameSpan(path)} (${nameSpan(sha256 ?? type)})`,
      ),
    ),
    section(
      'Changed files and what came besides: moved to',
      report.kept === null ? [] : [nameSpan(report.kept)],
    ),
    ...(report.staysOutside === undefined
      ? []
      : [
          section(
            'Folders outside of the target that are not empty, and stay',
            report.staysOutside.map(nameSpan),
          ),
        ]),
    section(
      'Unchanged',
      previous.map(({ path, treeHash }) => md`${nameSpan(path)} ${nameSpan(treeHash)}`),
    ),
    section('Other changes on the host during the rollback', [...report.differences, ...report.tolerated]),
  )
}

const section = (title: string, items: Shown[]): MarkdownLine[] => [
  md`## ${title}`,
  '',
  ...points(items),
  items.length === 0 ? md`None.` : '',
  '',
]
