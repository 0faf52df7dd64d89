import { useState } from 'preact/hooks'
import type { Evidence, Json, Problem } from '../client/answers.ts'
import { request, saveFile } from '../client/api.ts'
import { type Counted, findCounts } from '../client/entries.ts'
import { evidenceWords } from '../client/evidence-words.ts'
import { problemFrom } from '../client/use-answer.ts'
import { Shown } from './shown.tsx'
import { Code, ShortId, Trouble } from './small.tsx'

/** What ran and what it left as evidence. */
export function Receipts({ runId, evidence }: { runId: string; evidence: Evidence[] }) {
  if (evidence.length === 0) return <p class="quiet">The run has no evidence yet.</p>
  return (
    <ul class="receipts">
      {evidence.map((one) => (
        <Receipt key={`${one.seq} ${one.name}`} runId={runId} one={one} />
      ))}
    </ul>
  )
}

/** Longer texts are saved as a file instead. */
const LONGEST_SHOWN = 200_000

function Receipt({ runId, one: { seq, name, digest, mediaType, bytes } }: { runId: string; one: Evidence }) {
  const [text, setText] = useState<string | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const read = async () => {
    try {
      return await (await request(`/api/v1/runs/${runId}/evidence/${digest}`)).blob()
    } catch (error) {
      setProblem(problemFrom(error))
      return null
    }
  }
  const open = async () => {
    if (text !== null || bytes > LONGEST_SHOWN) return
    setText((await (await read())?.text()) ?? null)
  }
  const save = async () => {
    const content = await read()
    if (content !== null) saveFile(`${name.replaceAll('/', '-')}.${ending(mediaType)}`, content)
  }
  return (
    <li>
      <details onToggle={open}>
        <summary>
          <Shown text={evidenceWords(name)} />{' '}
          <span class="quiet">
            <Code name={name} />, {bytes} bytes
          </span>
        </summary>
        <Trouble problem={problem} />
        {bytes > LONGEST_SHOWN ? (
          <p class="quiet">It is too long to be shown here.</p>
        ) : (
          text !== null && <pre tabIndex={0}>{<Shown text={pretty(text)} lines />}</pre>
        )}
      </details>
      <span class="facts">
        <a href={`/runs/${runId}#e-${seq}`}>entry {seq}</a>
        <ShortId id={digest} />
        <button type="button" class="small" onClick={save}>
          Save
          <span class="visually-hidden"> {name}</span>
        </button>
      </span>
    </li>
  )
}

const ending = (mediaType: string) =>
  mediaType.includes('json') ? 'json' : mediaType.startsWith('text/') ? 'txt' : 'bin'

/** JSON with line ends for reading. The saved file has the exact bytes. */
function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

/** Counts of before and after, next to each other; those that differ come first. */
export function Counts({ output }: { output: { [key: string]: Json } }) {
  const counts = findCounts(output)
  if (counts.length === 0) return <p class="quiet">The run has counted nothing yet, before or after.</p>
  const differing = counts.filter(({ before, after }) => before !== after)
  const same = counts.filter(({ before, after }) => before === after)
  return (
    <>
      {differing.length === 0 ? (
        <p>All {counts.length} counts are the same before and after.</p>
      ) : (
        <CountTable counts={differing} />
      )}
      {differing.length > 0 && same.length > 0 && (
        <details>
          <summary>
            {same.length} unchanged {same.length === 1 ? 'count' : 'counts'}
          </summary>
          <CountTable counts={same} />
        </details>
      )}
    </>
  )
}

function CountTable({ counts }: { counts: Counted[] }) {
  return (
    <table class="counts">
      <thead>
        <tr>
          <th scope="col">rows of</th>
          <th scope="col">before</th>
          <th scope="col">after</th>
          <th scope="col">difference</th>
        </tr>
      </thead>
      <tbody>
        {counts.map(({ name, before, after }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td data-label="before">{before}</td>
            <td data-label="after">{after}</td>
            <td data-label="difference">{signed((after ?? 0) - (before ?? 0))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

const signed = (value: number) => (value > 0 ? `+${value}` : value === 0 ? '–' : String(value))
