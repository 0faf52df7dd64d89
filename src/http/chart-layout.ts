import type { RunChart } from '../service/page/run-chart.ts'
import { graphlib as graphs, layout } from './hono.ts'

interface Point {
  x: number
  y: number
}

/** Where a chart's milestones and ways stand, in units of the drawing. Points are centres. */
interface Layout {
  width: number
  height: number
  nodes: (RunChart['nodes'][number] & Point & { width: number; height: number })[]
  edges: { from: string; to: string; labels: string[]; points: Point[]; at: Point }[]
}

/** Layouts by the digest of the definition, which covers the chart. Each needs up to some hundred milliseconds. */
const known = new Map<string, Layout>()
const MAX_KNOWN = 100

const WIDTH_OF_SIGN = 7.4
const LINE = 18

/** Lays a chart out from top to bottom. Ways between the same two milestones are one, with all their labels. */
export function layoutChart({
  definitionDigest,
  nodes,
  edges,
}: Pick<RunChart, 'definitionDigest' | 'nodes' | 'edges'>): Layout {
  const kept = known.get(definitionDigest)
  if (kept !== undefined) return kept
  const made = laidOut(nodes, edges)
  if (known.size >= MAX_KNOWN) known.clear()
  known.set(definitionDigest, made)
  return made
}

function laidOut(nodes: RunChart['nodes'], edges: RunChart['edges']): Layout {
  const graph = new graphs.Graph()
  graph.setGraph({ rankdir: 'TB', nodesep: 26, ranksep: 38, marginx: 12, marginy: 12 })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const { state, gates, outcome } of nodes) {
    const height = gates.length > 0 || outcome ? 44 : 28
    graph.setNode(state, { width: state.length * WIDTH_OF_SIGN + 24, height })
  }
  const merged = new Map<string, { from: string; to: string; labels: string[] }>()
  for (const { from, to, label } of edges) {
    const way = merged.get(`${from} ${to}`) ?? { from, to, labels: [] }
    if (label !== '') way.labels.push(label)
    merged.set(`${from} ${to}`, way)
  }
  for (const { from, to, labels } of merged.values()) {
    const width = Math.max(0, ...labels.map((label) => label.length)) * WIDTH_OF_SIGN
    graph.setEdge(from, to, { width, height: labels.length * LINE, labelpos: 'c' })
  }
  layout(graph)
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number }
  return {
    width,
    height,
    nodes: nodes.map((node) => {
      const { x, y, ...size } = graph.node(node.state) as Point & { width: number; height: number }
      return { ...node, x, y, width: size.width, height: size.height }
    }),
    edges: [...merged.values()].map((way) => {
      const { points = [], x, y } = graph.edge(way.from, way.to) as { points?: Point[] } & Partial<Point>
      const middle = points[Math.floor(points.length / 2)] ?? { x: 0, y: 0 }
      return { ...way, points, at: { x: x ?? middle.x, y: y ?? middle.y } }
    }),
  }
}
