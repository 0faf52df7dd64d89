import type { RunChart } from '../../service/page/run-chart.ts'
import { fitLines } from '../fit.ts'
import type { Glance } from '../glance.ts'
import type { Line } from '../line.ts'

type Node = RunChart['nodes'][number]

/** The columns before the name of a state: the mark of where the run is, and a sign. */
const HANG = 4

/**
 * A chart for a terminal: the way to success from top to bottom, with the phases between its states, then the other states. The state of the run is
 * marked by `▶`, its name and a colour; states that it has passed by `✓`.
 */
export function linesOfChart(chart: RunChart, { sign, word, tone }: Glance, width: number | null): Line[] {
  const spine = wayToSuccess(chart)
  const passed = new Set(chart.path)
  const lineOf = (node: Node): Line => {
    const gates = node.gates.length === 0 ? '' : `   gate ${node.gates.join(', ')}`
    const end = node.outcome === null ? '' : `   end: ${node.outcome}`
    if (node.state === chart.here)
      return [
        { text: `▶ ${sign} ${node.state}`, style: tone },
        gates,
        end,
        { text: `   the run is here: ${word}`, style: tone },
      ]
    return [`  ${passed.has(node.state) ? '✓' : '○'} ${node.state}${gates}${end}`]
  }
  const nodes = new Map(chart.nodes.map((node) => [node.state, node]))
  const lines: Line[] = []
  for (const [at, state] of spine.entries()) {
    lines.push(lineOf(nodes.get(state)!))
    const next = spine[at + 1]
    for (const { to, label } of chart.edges.filter(({ from }) => from === state))
      if (to !== next) lines.push([{ text: `  ├─ ${label === '' ? 'then' : label} → ${to}`, style: 'dim' }])
    if (next !== undefined) lines.push(`  │  ${labelBetween(chart, state, next)}`.trimEnd())
  }
  const aside = chart.nodes.filter(({ state }) => !spine.includes(state))
  for (const node of aside) {
    lines.push('', lineOf(node))
    for (const { to, label } of chart.edges.filter(({ from }) => from === node.state))
      lines.push([{ text: `  ├─ ${label === '' ? 'then' : label} → ${to}`, style: 'dim' }])
  }
  const anywhere = chart.fromAnywhere.map(({ to, label }) => `${label} → ${to}`)
  if (anywhere.length > 0) lines.push('', `from every open state: ${anywhere.join(', ')}`)
  return fitLines(lines, { width, hang: HANG })
}

const labelBetween = ({ edges }: RunChart, from: string, to: string) =>
  [...new Set(edges.filter((edge) => edge.from === from && edge.to === to).map(({ label }) => label))].join(
    ', ',
  )

/** The states of the shortest way to a state that closes as succeeded; without one, the initial state alone. */
function wayToSuccess({ initial, nodes, edges }: RunChart): string[] {
  const ends = new Set(nodes.filter(({ outcome }) => outcome === 'succeeded').map(({ state }) => state))
  const ways = [[initial]]
  const seen = new Set([initial])
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    const last = way.at(-1)!
    if (ends.has(last)) return way
    for (const { from, to, label } of edges) {
      if (from !== last || seen.has(to) || label.endsWith(' fails')) continue
      seen.add(to)
      ways.push([...way, to])
    }
  }
  return [initial]
}
