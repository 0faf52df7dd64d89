import { useEffect, useRef } from 'preact/hooks'
import type { Chart as ChartAnswer } from '../client/answers.ts'
import { labelWords, phasesOf } from '../client/chart-words.ts'
import { phaseWords } from '../client/phase-words.ts'
import { Code, words } from './small.tsx'

/** The chart of a run: where it is, the way that it took, and where it can go. The title says the same in words. */
export function Chart({ chart }: { chart: ChartAnswer }) {
  const { nodes, edges, width, height, here, path, machine, version, fromAnywhere, isSame } = chart
  const taken = new Set(path.map((state, at) => `${path[at - 1]} ${state}`))
  const visited = new Set(path)
  const frame = useRef<HTMLElement>(null)
  const at = nodes.find(({ state }) => state === here)
  // A chart is larger than its frame: the frame shows where an open run is, and where the way of a closed one begins.
  const seen = at?.outcome == null ? at : nodes.find(({ state }) => state === path[0])
  useEffect(() => {
    if (frame.current === null || seen === undefined) return
    frame.current.scrollTop = seen.y - frame.current.clientHeight / 2
    frame.current.scrollLeft = seen.x - frame.current.clientWidth / 2
  }, [seen?.x, seen?.y])
  const phases = phasesOf(
    machine,
    edges.flatMap(({ labels }) => labels),
  )
  return (
    <>
      {!isSame && (
        <p class="notice wait">
          The run was started with another definition of the machine than the one that is drawn.
        </p>
      )}
      <section ref={frame} class="chart" aria-label="Drawing of the chart" tabIndex={0}>
        <svg
          viewBox={`0 0 ${Math.ceil(width)} ${Math.ceil(height)}`}
          width={Math.ceil(width)}
          height={Math.ceil(height)}
          role="img"
          aria-labelledby="chart-title"
        >
          <title id="chart-title">
            {`Machine ${machine} ${version}. The run is in ${words(here)}. It went through ${path.map(words).join(', ')}.`}
          </title>
          <defs>
            <marker
              id="tip"
              viewBox="0 0 8 8"
              refX="7"
              refY="4"
              markerWidth="7"
              markerHeight="7"
              orient="auto"
            >
              <path d="M0 0L8 4L0 8z" class="chart-tip" />
            </marker>
          </defs>
          {edges.map(({ from, to, points, labels, at }) => (
            <g key={`${from} ${to}`} class={taken.has(`${from} ${to}`) ? 'way taken' : 'way'}>
              {labels.length > 0 && <title>{titleOf(machine, labels)}</title>}
              <path
                d={points.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${x} ${y}`).join('')}
                marker-end="url(#tip)"
              />
              {labels.map((label, index) => (
                <text key={label} x={at.x} y={at.y + (index - (labels.length - 1) / 2) * 16 + 4}>
                  {labelWords(label)}
                </text>
              ))}
            </g>
          ))}
          {nodes.map(({ state, x, y, width: w, height: h, gates, outcome }) => (
            <g
              key={state}
              class={[
                'node',
                gates.length > 0 ? 'is-gate' : '',
                visited.has(state) ? 'visited' : '',
                state === here ? 'here' : '',
              ].join(' ')}
            >
              <rect x={x - w / 2} y={y - h / 2} width={w} height={h} rx={outcome === null ? 6 : h / 2} />
              <title>{state}</title>
              <text x={x} y={gates.length > 0 || outcome ? y - 3 : y + 4}>
                {words(state)}
              </text>
              {(gates.length > 0 || outcome) && (
                <text x={x} y={y + 14} class="small">
                  {gates.length > 0 ? `gate ${gates.join(', ')}` : outcome}
                </text>
              )}
            </g>
          ))}
        </svg>
      </section>
      <p class="quiet">
        Thick: the way that the run took. Framed twice: where it is. Dashed: gates, where it waits for people.
        {fromAnywhere.length > 0 &&
          ` From anywhere: ${fromAnywhere.map(({ label, to }) => `${words(label)} to ${words(to)}`).join(', ')}.`}
      </p>
      {phases.length > 0 && (
        <details>
          <summary>What each step does</summary>
          <ul>
            {phases.map(({ drawn, does, name }) => (
              <li key={name}>
                <strong>{drawn}</strong>: Cutter {does} <Code name={name} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  )
}

/** What leads along a way, in words, with the names that the chart has for it. */
const titleOf = (machine: string, labels: string[]) =>
  labels.map((label) => `${phaseWords(machine, label)} (${label})`).join(', ')
