import type { Json } from '../../domain/json.ts'
import { type MarkdownLine, md, page, paragraph, points } from '../../domain/markdown.ts'

/** The stages of a deploy, as its report names them. The report itself is G8. */
const STAGES = {
  G0: 'environment',
  G1: 'source',
  G2: 'clean artifact',
  G3: 'preflight and locked plan',
  G4: 'transfer and promote',
  G5: 'post-deploy checks',
  G6: 'read-only rehearsal',
  G7: 'integrity and rollback proof',
} as const

export type StageName = keyof typeof STAGES

interface StageReport {
  status: 'PASS' | 'FAIL' | 'BLOCKED' | 'NOT EXECUTED'
  /** The reason, in one sentence. After a blocked stage: the name of that stage and the exact gap. */
  why: string
  facts: { [key: string]: Json }
}

export type Stages = { [stage in StageName]?: StageReport }

/** The report of a phase on its stage, in the form that the machine keeps under `gates`. */
export const reportStage = (
  stage: StageName,
  status: StageReport['status'],
  why: string,
  facts: StageReport['facts'] = {},
) => ({
  report: { gates: { [stage]: { status, why, facts } } } as { [key: string]: Json },
})

/** All eight stages. The first missing one is blocked because of the gap. The stages after a blocked or failed one are not executed. */
export function completeStages(known: Stages, gap: string): Required<Stages> {
  let blocked: StageName | null = null
  const parts = (Object.keys(STAGES) as StageName[]).map((name): [StageName, StageReport] => {
    const found = known[name]
    if (found !== undefined && found.status !== 'BLOCKED') {
      if (found.status === 'FAIL') blocked = name
      return [name, found]
    }
    if (blocked !== null)
      return [name, { status: 'NOT EXECUTED', why: `blocked by ${blocked}: ${gap}`, facts: {} }]
    blocked = name
    return [name, { status: 'BLOCKED', why: gap, facts: found?.facts ?? {} }]
  })
  return Object.fromEntries(parts) as Required<Stages>
}

/** The report for people, as Markdown: eight numbered parts, one for each stage, and the remaining lines. */
export function formatDeployReport(title: string, stages: Required<Stages>, more: string[]): string {
  const parts = (Object.keys(STAGES) as StageName[]).flatMap((name, index): MarkdownLine[] => {
    const { status, why, facts } = stages[name]
    return [
      md`## ${index + 1}. ${name} ${STAGES[name]}: ${status}`,
      '',
      ...paragraph(md`${why}`),
      ...points(Object.entries(facts).map(([key, value]) => md`${key}: ${textOf(value)}`)),
      '',
    ]
  })
  const notes = more.length === 0 ? [] : [...paragraph(md`## Notes`), ...points(more)]
  return page(md`# ${title}`, '', parts, notes)
}

const textOf = (value: Json) => (typeof value === 'string' ? value : JSON.stringify(value))
