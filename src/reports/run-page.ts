import { type GateDecision, type Reasons, reasonOf } from '../domain/decisions.ts'
import { describeEntry, saysOutcome } from '../domain/entry-words.ts'
import type { StopFacts } from '../domain/errors.ts'
import type { HistoryEntry, Status } from '../domain/history-entry.ts'
import { describeAuthor, entryMarks } from '../domain/history-facts.ts'
import type { Json } from '../domain/json.ts'
import type { DifferentPart, PlanDifference } from '../domain/plan-difference.ts'
import type { Outcome, RunIdentity } from '../domain/run.ts'
import { visible } from '../domain/visible.ts'
import type { PlanPair } from './changed-plans.ts'

/** A plan that replaced an earlier one at the same gate, and what differs; null when one of the plans is lost. */
export type ChangedPlan = PlanPair & { parts: DifferentPart[] | null }

/** Where a run is. */
export interface PageRun {
  machine: string
  version: string
  updatedAt: string
  status: Status
  state: string
  gate: string | null
  outcome: Outcome | null
  stop: StopFacts | null
  output: Json
  planDigest: string | null
  seq: number
  head: string
}

export interface RunPage {
  genesis: RunIdentity
  run: PageRun
  about: string
  history: HistoryEntry[]
  decisions: GateDecision[]
  reasons: Reasons
  plans: ChangedPlan[]
}

/** HTML that needs no escape any more. */
class Html {
  constructor(readonly text: string) {}
}

const ESCAPES: { [sign: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Escapes every value that is not HTML already, and spells its hidden characters, so that no text of others makes a tag or hides a part. */
function html(parts: TemplateStringsArray, ...values: (string | number | Html | Html[])[]): Html {
  const shown = values.map((value) => {
    if (value instanceof Html) return value.text
    if (Array.isArray(value)) return value.map(({ text }) => text).join('\n')
    return visible(String(value)).replace(/[&<>"']/g, (sign) => ESCAPES[sign]!)
  })
  return new Html(parts.map((part, at) => part + (shown[at] ?? '')).join(''))
}

const STYLE = new Html(`
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24; background: #fff }
h1 { font-size: 1.5rem } h2 { font-size: 1.2rem; margin-top: 2rem } h4, ul { margin: .75rem 0 .25rem } h4, li { overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #d0d7de }
code { font: .875em ui-monospace, monospace; overflow-wrap: anywhere }
ol { padding-left: 3rem } li { margin: .25rem 0 }
.good { color: #116329 } .waiting { color: #7d4e00 } .trouble { color: #b3261e } .quiet { color: #57606a }
del, ins { white-space: pre-wrap } del { background: #ffebe9 } ins { background: #dafbe1 }
@media (prefers-color-scheme: dark) { body { color: #e6edf3; background: #0d1117 } th, td { border-color: #30363d } .good { color: #56d364 } .waiting { color: #e3b341 } .trouble { color: #ff8079 } .quiet { color: #9da7b1 } del { background: #67060c } ins { background: #033a16 } }
@media print { body { margin: 0; max-width: none } }`)

/** One page about a run, for people without Cutter: it loads nothing, and runs no script. */
export function renderRunPage(page: RunPage): string {
  const { genesis, run, about } = page
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${genesis.runId}</title>
<style>${STYLE}
</style>
</head>
<body>
<h1>${about}</h1>
${headOf(page)}
${approversOf(page)}
${plansOf(page)}
${timelineOf(page)}
<p class="quiet">Made from the history of the run up to entry ${run.seq}. This page proves nothing by itself: the evidence bundle does, which <code>cutter run export</code> writes and <code>cutter verify</code> checks.</p>
</body>
</html>
`.text
}

function headOf({ genesis, run }: RunPage): Html {
  const rows: [string, string][] = [
    ['Run', genesis.runId],
    ['Machine', `${run.machine} ${run.version}, ${genesis.mode === 'live' ? 'live' : 'dry run'}`],
    ['Started', `${genesis.startedAt} by ${genesis.startedBy} (OS user ${genesis.osUser})`],
    ['Moved last', run.updatedAt],
    ['Plan', run.planDigest ?? 'none yet'],
    ['History', run.head],
  ]
  return html`<p class="${toneOf(run)}"><strong>${describeEnd(run)}</strong></p>
<table>
${rows.map(([name, value]) => html`<tr><th scope="row">${name}</th><td><code>${value}</code></td></tr>`)}
</table>`
}

const toneOf = ({ status, outcome }: PageRun) => {
  if (outcome === 'succeeded') return 'good'
  if (status === 'paused') return 'waiting'
  return status === 'stopped' || outcome === 'failed' || outcome === 'abandoned' ? 'trouble' : 'quiet'
}

function describeEnd({ status, state, gate, outcome, stop }: PageRun): string {
  if (status === 'closed')
    return `✓ closed as ${outcome}, in ${state}`.replace(/^✓ (?!closed as succeeded)/, '– ')
  if (status === 'paused') return `‖ waits at gate ${gate}, in ${state}`
  if (status === 'stopped') return `! stopped in ${state}: ${stop?.message}`
  return `▶ works, in ${state}`
}

function approversOf({ decisions, reasons }: RunPage): Html {
  if (decisions.length === 0)
    return html`<h2>Approvers</h2>
<p>No decision has moved this run.</p>`
  const rows = decisions.flatMap(({ gate, decision, approvers, usedSeq, usedAt }) =>
    approvers.map(
      ({ name, fingerprint, approvalId }) =>
        html`<tr><td>${gate ?? ''}</td><td>${decision}</td><td>${name}</td><td>${reasonOf(reasons, approvalId)}</td><td><code>${fingerprint ?? 'not signed (rehearsal)'}</code></td><td><code>${approvalId}</code></td><td>${usedAt}, entry ${usedSeq}</td></tr>`,
    ),
  )
  return html`<h2>Approvers</h2>
<table>
<tr><th scope="col">Gate</th><th scope="col">Decision</th><th scope="col">Who</th><th scope="col">Reason</th><th scope="col">Key</th><th scope="col">Approval</th><th scope="col">Used</th></tr>
${rows}
</table>`
}

function plansOf({ plans }: RunPage): Html {
  if (plans.length === 0)
    return html`<h2>Plan differences</h2>
<p>The run came to each of its gates with one plan.</p>`
  return html`<h2>Plan differences</h2>
${plans.map(planOf)}`
}

function planOf({ gate, fromSeq, toSeq, from, to, because, parts }: ChangedPlan): Html {
  const head = html`<h3>Gate ${gate}: entry ${fromSeq} to entry ${toSeq}</h3>
<p class="quiet">Plan <code>${from}</code> to <code>${to}</code></p>
${because.length === 0 ? [] : [html`<p>The last check found:</p>`, listOf(because.map((line) => html`${line}`))]}`
  if (parts === null)
    return html`${head}
<p class="trouble">The store has lost one of these plans.</p>`
  return html`${head}
${parts.map(
  ({ part, differences, more }) => html`<h4>${part}</h4>
${listOf([...differences.map(differenceOf), ...(more > 0 ? [html`and ${more} more`] : [])])}`,
)}`
}

const listOf = (items: Html[]) => html`<ul>
${items.map((item) => html`<li>${item}</li>`)}
</ul>`

const MARK = { same: '', removed: 'del', added: 'ins' }

function differenceOf({ how, what, words }: PlanDifference): Html {
  const marked = words.map(({ kind, text }) => {
    const tag = new Html(MARK[kind])
    return kind === 'same' ? html`${text}` : html`<${tag}>${text}</${tag}>`
  })
  return html`<strong>${how}</strong>${what === '' ? '' : ` ${what}`}: ${new Html(marked.map(({ text }) => text).join(''))}`
}

function timelineOf({ history, reasons }: RunPage): Html {
  return html`<h2>Timeline</h2>
<ol>
${history.map((entry) => itemOf(entry, reasons))}
</ol>`
}

function itemOf(entry: HistoryEntry, reasons: Reasons): Html {
  const words = describeEntry(entry, reasons)
  const { text, people, detail, kind } = words
  const author = describeAuthor(entry)
  const by = author === '' ? '' : `, by ${author}`
  const { arrival, outcome } = entryMarks(entry)
  const end =
    entry.status === 'paused'
      ? `, waits at gate ${arrival?.gate ?? ''}`
      : outcome === undefined
        ? ''
        : saysOutcome(words, outcome)
          ? ', closed'
          : `, closed as ${outcome}`
  const tone =
    kind === 'failure' || kind === 'refusal' ? 'trouble' : entry.status === 'paused' ? 'waiting' : ''
  return html`<li id="e-${entry.seq}" value="${entry.seq}"><strong class="${tone}">${text}${people === null ? '' : `: ${people}`}</strong>${by}${detail === null ? '' : `: ${detail}`} <span class="quiet">${entry.state}${end} · <time datetime="${entry.at}">${entry.at}</time></span></li>`
}
