import type { Json } from '../domain/json.ts'
import {
  code,
  factList,
  factTable,
  inline,
  type MarkdownLine,
  md,
  paragraph,
  table,
} from '../domain/markdown.ts'
import type { Run } from '../domain/run.ts'
import type { StoredRun } from '../store/run-store.ts'
import { rollbackLines, rollbackToPaste } from './rollback-section.ts'

/**
 * A plan as a section of a report. The plan of a machine may be any object. The section reads `actions` (an array of objects, each with
 * its `action`), `expected` and `rollback`, and shows everything else as it is.
 */
export type Plan = { [key: string]: Json }

/** Null when the plan is not among the run's evidence. */
export function planOf({ contents }: Pick<StoredRun, 'contents'>, planDigest: string | null): Plan | null {
  const bytes = planDigest === null ? undefined : contents.get(planDigest)
  const plan = bytes === undefined ? null : jsonOrNull(bytes)
  return plan === null || typeof plan !== 'object' || Array.isArray(plan) ? null : plan
}

/** Parses the bytes of a piece of evidence; null when they are not JSON, because evidence may be of any media type. */
export function jsonOrNull(bytes: Uint8Array): Json {
  try {
    return JSON.parse(Buffer.from(bytes).toString()) as Json
  } catch {
    return null
  }
}

/** The plan of each host by its name, where a plan has several hosts. */
export function listHostPlans(plan: Plan | null): [host: string, plan: Plan][] {
  const hosts = plan?.type === 'cutter.plan.deploy-hosts/v1' ? plan.hosts : null
  return Array.isArray(hosts) ? (hosts as Plan[]).map((one) => [String((one.host as Plan).name), one]) : []
}

/**
 * The commands of a plan's rollback, as lines for a shell. A plan of several hosts has a list for each, by the host's name, because a shell is on
 * one host.
 */
export function planRollbackToPaste(
  plan: Plan | null,
  runId: string,
): string[] | { [host: string]: string[] } {
  const hosts = listHostPlans(plan)
  if (hosts.length === 0) return rollbackToPaste(plan?.rollback, runId)
  return Object.fromEntries(hosts.map(([host, { rollback }]) => [host, rollbackToPaste(rollback, runId)]))
}

/** How many actions of each kind. */
export function actionCounts(plan: Plan | null): { [action: string]: number } {
  const counts = new Map<string, number>()
  for (const action of actionsOf(plan)) {
    const { action: what } = (action ?? {}) as { action?: Json }
    const name = typeof what === 'string' ? what : 'action'
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return Object.fromEntries(counts)
}

/** What a plan does, and what it ends. What it keeps comes last, because few of a long plan are shown. */
function actionsOf(plan: Plan | null): Json[] {
  const listed = [plan?.actions, plan?.endings].flatMap((each) => (Array.isArray(each) ? each : []))
  const isKept = (each: Json) => (each as { action?: Json } | null)?.action === 'keep'
  return [...listed.filter((each) => !isKept(each)), ...listed.filter(isKept)]
}

const SHOWN = 20

/**
 * The plan of any machine as a section of a report in Markdown: its first 20 actions, what it expects, the rollback, and all other fields.
 * It works without the code of the machine.
 */
export function planInWords({ mode, runId }: Run, plan: Plan | null): MarkdownLine[] {
  if (plan === null) return [md`## What it would do`, '', md`The plan is not among this run’s evidence.`, '']
  const { actions: _, endings, expected = null, rollback = null, ...others } = plan
  const rest = Array.isArray(endings) || endings === undefined ? others : { ...others, endings }
  const actions = actionsOf(plan)
  const counts = Object.entries(actionCounts(plan))
    .filter(([name]) => name !== 'keep')
    .map(([name, count]) => md`${count} × ${code(name)}`)
  // Plans of users' machines need not list actions: a report cannot count what they do.
  const kept = actionCounts(plan).keep ?? 0
  const done = actions.length - kept
  const keeps = kept === 0 ? '' : md` It leaves **${kept}** as they are (${code('keep')}).`
  const does = !Array.isArray(plan.actions)
    ? 'it does what this plan says.'
    : done === 0
      ? md`it has no action left to do.${keeps}`
      : md`it does **${done}** ${done === 1 ? 'thing' : 'things'}: ${counts}.${keeps}`
  const dry = mode === 'live' ? '' : md` This is a dry run: its writes are shown, and not done.`
  const more = actions.length - SHOWN
  return [
    md`## What it would do`,
    '',
    md`Once approved, ${does}${dry}`,
    '',
    ...actionTable(actions.slice(0, SHOWN)),
    ...(more > 0 ? paragraph(md`And ${more} more; the JSON file of the same name has all of them.`) : []),
    ...section('What it expects to find', expected),
    ...(rollback === null ? [] : rollbackLines(md`## ${rollbackTitle(plan)}`, rollback, runId)),
    ...listHostPlans(plan).flatMap(([host, { rollback: back = null }]) =>
      rollbackLines(md`## How it is taken back on ${code(host)}`, back, runId),
    ),
    md`## What the plan also says`,
    '',
    ...factTable(rest),
  ]
}

/** What comes into force can't be taken back, so that no heading promises a way back. */
const rollbackTitle = ({ type }: Plan) =>
  type === 'cutter.plan.lifecycle/v1' ? 'Until when it can be stopped' : 'How it is taken back'

const section = (title: string, value: Json): MarkdownLine[] =>
  value === null ? [] : [md`## ${title}`, '', ...factList(value), '']

function actionTable(actions: Json[]): MarkdownLine[] {
  const rows = actions.map((action) =>
    action !== null && typeof action === 'object' && !Array.isArray(action) ? action : { action },
  )
  const keys = new Set(rows.flatMap((row) => Object.keys(row)))
  const columns = [...keys].sort((a, b) => Number(b === 'action') - Number(a === 'action'))
  return table(
    columns.map(code),
    rows.map((row) => columns.map((key) => inline(row[key]))),
  )
}
