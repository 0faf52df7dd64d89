import { type HostOutcome, listHostOutcomes } from '../domain/host-outcomes.ts'
import type { Json } from '../domain/json.ts'
import { blanksCounted, nameInLine, textInLine } from '../domain/visible.ts'
import type { RunAnswer } from '../service/runs/run-answer.ts'
import { fitLines } from './fit.ts'
import { glanceOf, withShortCommands } from './glance.ts'
import type { Line } from './line.ts'

/** A run as a command shows it; only some commands ask for an approval that is ready. */
type ShownAnswer = RunAnswer & { readyApproval?: string | null }

/** The width of the labels in front of what is shown of a run. */
const LABEL = 8

/**
 * A run for people, and what else a command shows of it.
 * @param width null: nothing is broken or cut
 */
export function linesOfRun(run: ShownAnswer, width: number | null, more: string[] = []): Line[] {
  const [id, state, ...rest] = [...linesAbout(run), ...more]
  if (width === null) return [id!, state!, ...rest]
  const { sign, tone } = glanceOf(run, run.hold != null)
  const stateLine: Line = ['state   ', { text: `${sign} ${state!.slice(LABEL)}`, style: tone }]
  return fitLines([id!, stateLine, ...rest.map(withShortCommands)], { width, hang: LABEL })
}

function linesAbout(run: ShownAnswer): string[] {
  const next = run.stop?.next?.replaceAll('<run>', run.runId)
  return [
    `run     ${run.runId}   ${run.machine} ${run.version}, ${run.mode}`,
    `state   ${run.state} — ${describeStatus(run)}`,
    ...(run.note === undefined ? [] : [`note    ${run.note}`]),
    ...(run.stopCode === null ? [] : [`code    ${run.stopCode}`]),
    ...(run.hold ? [lineOfHold(run.hold)] : []),
    ...(run.planDigest === null ? [] : [`plan    ${run.planDigest}`]),
    ...wrapFacts(factsOf(run)),
    ...listHostOutcomes(run).map(lineOfHost),
    ...linesOfDifferences(run.stop?.data, 'differs '),
    ...(next === undefined ? [] : [`next    ${next}`]),
    ...(run.status === 'paused' ? [`next    ${nextAtGate(run)}`] : []),
  ]
}

/** The hold that binds a run. */
export const lineOfHold = ({ since, reason, by }: NonNullable<RunAnswer['hold']>) =>
  `hold    since ${since} (${textInLine(reason)}, ${nameInLine(by)})`

/** Where one of several hosts stands. What failed there is text of others. */
const lineOfHost = ({ host, state, why }: HostOutcome) =>
  `host    ${nameInLine(host)} ${state}${why === null ? '' : `: ${textInLine(why)}`}`

/** The differences from what was approved, one line each, where an error or a stop lists them. */
export function linesOfDifferences(
  data: { [key: string]: Json } | undefined,
  prefix = 'differs: ',
): string[] {
  const lines = data?.differences
  return Array.isArray(lines) ? lines.map((line) => `${prefix}${String(line)}`) : []
}

function describeStatus({ status, phase, gate, stop, outcome }: RunAnswer): string {
  const words = {
    working: () => `works on ${phase ?? 'its next step'}`,
    paused: () => `waits at gate ${gate}`,
    stopped: () => `stopped: ${blanksCounted(stop?.message ?? '')}`,
    closed: () => `closed: ${outcome}`,
  }
  return words[status]()
}

/** The machine's report where it is short enough for a line; `--json` has the rest. */
function factsOf({ output }: RunAnswer): string[] {
  return Object.entries(output as { [key: string]: unknown }).flatMap(([key, value]) =>
    typeof value === 'string' || typeof value === 'number' ? [factInLine(key, value)] : [],
  )
}

const MAX_COLUMNS = 96

/** A fact of a report. Users' own machines choose key and value, and neither may fill a line and begin the next one. */
const factInLine = (key: string, value: string | number) => `${nameInLine(key)} ${textInLine(String(value))}`

function wrapFacts(facts: string[]): string[] {
  const lines: string[] = []
  for (const fact of facts) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + fact.length < MAX_COLUMNS)
      lines[lines.length - 1] = `${last} · ${fact}`
    else lines.push(fact)
  }
  return lines.map((line, index) => `${index === 0 ? 'facts ' : '      '}  ${line}`)
}

/** What brings an approval to its gate. */
export const resumeWith = (run: string, approval: string) => `cutter run resume ${run} --approval ${approval}`

function nextAtGate({ runId, mode, readyApproval = null }: ShownAnswer): string {
  if (readyApproval !== null) return resumeWith(runId, readyApproval)
  const approve =
    mode === 'live'
      ? `cutter approval sign ${runId} --as <principal> --key <file>`
      : `cutter approval rehearse ${runId}`
  return `read cutter run plan ${runId}, then ${approve}, then cutter run resume --approval <id>`
}
