import type { AnyStateNode } from 'xstate'
import { below, leaving, metaOf } from './chart-graph.ts'
import type { MachineDefinition } from './define.ts'

/**
 * A chart as Mermaid text (stateDiagram-v2): milestones, the phases between them, gates, and ends that are not milestones.
 * Substates (waiting, working, stopped) are left out because they are the same everywhere. `here` is the milestone that a run has
 * reached.
 */
export function mermaid({ logic }: Pick<MachineDefinition, 'logic'>, here: string | null = null): string {
  const { root } = logic
  const milestones = Object.values(root.states) as AnyStateNode[]
  const edges = milestones.flatMap((from) =>
    below(from).flatMap((node) => leaving(node, from).map(([to, label]) => edge(from.key, to, label))),
  )
  const fromAnywhere = leaving(root, root).map(([to, label]) => edge('anywhere', to, label))
  const gates = milestones.filter((milestone) => gateOf(milestone) !== null)
  const ends = milestones.filter(({ type }) => type === 'final')
  return [
    'stateDiagram-v2',
    `  [*] --> ${String(root.config.initial)}`,
    ...unique(edges),
    ...(fromAnywhere.length > 0 ? ['  state "any milestone" as anywhere', ...unique(fromAnywhere)] : []),
    ...gates.map((milestone) => `  ${milestone.key}: ${milestone.key}<br/>${gateOf(milestone)}`),
    ...ends.map((milestone) => edge(milestone.key, '[*]', outcomeOf(milestone))),
    '  classDef gate fill:#fff3c4,stroke:#8a6d00,color:#000',
    ...(gates.length > 0 ? [`  class ${gates.map(({ key }) => key).join(',')} gate`] : []),
    ...(here === null ? [] : ['  classDef here stroke:#0b5fff,stroke-width:4px', `  class ${here} here`]),
    '',
  ].join('\n')
}

const edge = (from: string, to: string, label: string) =>
  `  ${from} --> ${to}${label === '' ? '' : `: ${label}`}`
const unique = (lines: string[]) => [...new Set(lines)]

/** A milestone's gate and the phase that rechecks the world before the run continues: `gate SG1, then recheck_cut`. Null without a gate. */
function gateOf(milestone: AnyStateNode): string | null {
  const nodes = below(milestone)
  const gates = nodes.flatMap((node) => metaOf(node).gate ?? [])
  const rechecks = nodes.filter((node) => metaOf(node).rechecks !== undefined)
  const thens = rechecks.flatMap(({ invoke }) => invoke.map(({ src }) => `, then ${String(src)}`))
  return gates.length === 0 ? null : `gate ${gates.join(', ')}${thens.join('')}`
}

const outcomeOf = (milestone: AnyStateNode) => metaOf(milestone).closed ?? ''
