import { useEffect, useState } from 'preact/hooks'
import type { PlanChanges, Run, WordChange } from '../client/answers.ts'
import { getText, request } from '../client/api.ts'
import { useAnswer } from '../client/use-answer.ts'
import { Markdown, type MarkdownPart, partsOf } from './markdown.tsx'
import { OddSigns, Shown } from './shown.tsx'
import { Copy, Loading, Section, Trouble } from './small.tsx'

/** Units of a plan that one page of it has. */
const UNITS = 1_000

/** The complete plan for people, part by part. A mark says that the reader has seen a part; it is a help and no condition. */
export function Plan({ run, path }: { run: Run; path: string }) {
  const [page, setPage] = useState(1)
  const { data, problem } = useAnswer(`plan ${run.planDigest} ${page}`, () =>
    getText(`${path}/plan?format=markdown&page=${page}&pageSize=${UNITS}`),
  )
  if (data === null) return problem === null ? <Loading /> : <Trouble problem={problem} />
  const [, pages = '1'] = /Page \d+ of ([\d ]+)/.exec(data) ?? []
  const count = Number(pages.replaceAll(' ', ''))
  return (
    <>
      <OddSigns text={data} />
      <Parts parts={partsOf(data)} runId={run.runId} />
      {count > 1 && (
        <nav class="pager" aria-label="Pages of the plan">
          {page > 1 && (
            <button type="button" onClick={() => setPage(page - 1)}>
              Page {page - 1}
            </button>
          )}
          <span>
            page {page} of {count}
          </span>
          {page < count && (
            <button type="button" onClick={() => setPage(page + 1)}>
              Page {page + 1}
            </button>
          )}
        </nav>
      )}
    </>
  )
}

const VIEWED = 'cutter-viewed'

const readViewed = () =>
  JSON.parse(localStorage.getItem(VIEWED) ?? '{}') as { [part: string]: string | undefined }

function Parts({ parts, runId }: { parts: MarkdownPart[]; runId: string }) {
  const [digests, setDigests] = useState<string[]>([])
  const [viewed, setViewed] = useState(readViewed)
  useEffect(() => {
    Promise.all(parts.map(({ raw }) => sha256(new TextEncoder().encode(raw)))).then(setDigests)
  }, [parts.map(({ raw }) => raw).join('\n')])
  // A part that changed has another digest, so its mark is gone.
  const isViewed = (at: number) =>
    digests[at] !== undefined && viewed[`${runId} ${parts[at]!.title}`] === digests[at]
  const mark = (at: number, isOn: boolean) => {
    const changed = { ...readViewed() }
    if (isOn) changed[`${runId} ${parts[at]!.title}`] = digests[at]
    else delete changed[`${runId} ${parts[at]!.title}`]
    localStorage.setItem(VIEWED, JSON.stringify(changed))
    setViewed(changed)
  }
  const count = parts.filter((_, at) => isViewed(at)).length
  return (
    <>
      <p class="quiet" role="status">
        {count} of {parts.length} parts marked as viewed, in this browser only.
      </p>
      {parts.map((part, at) => (
        <details key={part.title} class="part" open={!isViewed(at)}>
          <summary class="part-head">
            <strong>
              <Shown text={part.title} />
            </strong>
            {isViewed(at) && <span class="quiet"> viewed</span>}
          </summary>
          <Markdown tokens={part.tokens} />
          <label class="check">
            <input
              type="checkbox"
              checked={isViewed(at)}
              onChange={(event) => mark(at, event.currentTarget.checked)}
            />{' '}
            I have viewed this part
          </label>
        </details>
      ))}
    </>
  )
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The exact bytes of the plan, whose digest this browser computes itself. */
export function ExactBytes({ run, path }: { run: Run; path: string }) {
  const { data, problem } = useAnswer(`bytes ${run.planDigest}`, async () => {
    const bytes = new Uint8Array(await (await request(`${path}/plan`)).arrayBuffer())
    return { text: new TextDecoder().decode(bytes), size: bytes.length, digest: await sha256(bytes) }
  })
  if (data === null) return problem === null ? <Loading /> : <Trouble problem={problem} />
  const isSame = `sha256:${data.digest}` === run.planDigest
  return (
    <Section
      title="What is signed"
      id="bytes"
      aside={<Copy text={run.planDigest ?? ''} label="copy the digest" what="digest" />}
    >
      <p>
        A signature names the plan by the SHA-256 of these bytes
        {isSame ? ', which this browser has computed from them:' : '.'}
      </p>
      <p class="digest">
        <code>{data.digest.match(/.{1,8}/g)!.join(' ')}</code>
      </p>
      {!isSame && (
        <p class="notice danger" role="alert">
          The bytes do not have the digest {run.planDigest}. Do not approve, and tell an admin.
        </p>
      )}
      <OddSigns text={data.text} />
      <details>
        <summary>The exact bytes ({data.size} bytes, canonical JSON)</summary>
        <pre tabIndex={0}>
          <Shown text={data.text} lines />
        </pre>
      </details>
    </Section>
  )
}

interface ChangesProps {
  runId: string
  changes: PlanChanges
  differences: string[]
}

/** What changed since the run came to this gate before, with a plan that people may have approved. */
export function Changes({ runId, changes, differences }: ChangesProps) {
  if (changes.from === null && differences.length === 0) return null
  return (
    <Section title="Different from the plan before" id="changes">
      <Lines lines={differences} />
      {changes.from !== null && (
        <>
          <p>
            The run came here before with another plan, at{' '}
            <a href={`/runs/${runId}#e-${changes.fromSeq}`}>entry {changes.fromSeq}</a>. An approval of that
            plan does not count for this one.
          </p>
          {changes.because.length > 0 && <p>The last check found:</p>}
          <Lines lines={changes.because} />
          {changes.parts.map(({ part, differences, more }) => (
            <div key={part} class="changes">
              <h3>
                <Shown text={part} />
              </h3>
              <ul>
                {differences.map(({ how, what, words }, at) => (
                  <li key={at}>
                    <strong>{how}</strong> <Shown text={what} />
                    {what !== '' && ': '}
                    <Changed stretches={words} />
                  </li>
                ))}
                {more > 0 && <li>and {more} more</li>}
              </ul>
            </div>
          ))}
        </>
      )}
    </Section>
  )
}

const Lines = ({ lines }: { lines: string[] }) =>
  lines.length === 0 ? null : (
    <ul>
      {lines.map((line) => (
        <li key={line}>
          <Shown text={line} />
        </li>
      ))}
    </ul>
  )

/** Words that were removed and added, shown by marks and not by colour alone. */
function Changed({ stretches }: { stretches: WordChange[] }) {
  return (
    <>
      {stretches.map(({ kind, text }, at) => {
        const shown = <Shown key={at} text={text} />
        return kind === 'same' ? (
          shown
        ) : kind === 'removed' ? (
          <del key={at}>{shown}</del>
        ) : (
          <ins key={at}>{shown}</ins>
        )
      })}
    </>
  )
}
