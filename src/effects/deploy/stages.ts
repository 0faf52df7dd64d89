import type { Json } from '../../domain/json.ts'

/** The gates of a deploy as its report names them: eight that are passed, and the report itself. */
export const STAGES = {
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

export interface StageReport {
  status: 'PASS' | 'FAIL' | 'BLOCKED' | 'NOT EXECUTED'
  /** Why, in one sentence; of a gate that was blocked from above: which, and for which exact gap. */
  why: string
  facts: { [key: string]: Json }
}

export type Stages = { [gate in StageName]?: StageReport }

/** A phase's word on its gate, in the form in which a machine keeps it. */
export const reportStage = (
  gate: StageName,
  status: StageReport['status'],
  why: string,
  facts: StageReport['facts'] = {},
) => ({
  report: { gates: { [gate]: { status, why, facts } } } as { [key: string]: Json },
})

/** All eight parts: the first one missing is blocked for the gap, the rest are not executed because of it. */
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

/** Names of files on the host are quoted in what is said, and may hold anything: a line stays a line. */
const oneLine = (text: string) => text.replace(/\p{Cc}+/gu, ' ')

/** The report for people: eight numbered parts, one a gate. */
export function formatDeployReport(title: string, gates: Required<Stages>, more: string[]): string {
  const parts = (Object.keys(STAGES) as StageName[]).map((name, index) => {
    const { status, why, facts } = gates[name]
    const lines = Object.entries(facts).map(
      ([key, value]) => `- ${key}: ${oneLine(typeof value === 'string' ? value : JSON.stringify(value))}`,
    )
    return [
      `## ${index + 1}. ${name} ${STAGES[name]}: ${status}`,
      '',
      oneLine(why),
      ...(lines.length > 0 ? ['', ...lines] : []),
    ].join('\n')
  })
  return `${[`# ${title}`, ...parts, ...(more.length > 0 ? [['## Besides', '', ...more.map((line) => `- ${oneLine(line)}`)].join('\n')] : [])].join('\n\n')}\n`
}
