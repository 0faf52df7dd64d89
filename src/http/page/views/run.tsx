import { useEffect, useState } from 'preact/hooks'
import type {
  Chart as ChartAnswer,
  Entry,
  Evidence,
  Explanation,
  Problem,
  ShownRun,
} from '../client/answers.ts'
import { getJson, postJson, request, saveFile, session } from '../client/api.ts'
import { newest } from '../client/live.ts'
import { timeOfDay } from '../client/time.ts'
import { problemFrom, useAnswer } from '../client/use-answer.ts'
import { Chart } from '../parts/chart.tsx'
import { Counts, Receipts } from '../parts/receipts.tsx'
import { Sentence } from '../parts/sentence.tsx'
import { Share } from '../parts/share.tsx'
import { Shown } from '../parts/shown.tsx'
import {
  Copy,
  Loading,
  ModeBadge,
  Section,
  ShortId,
  StatusBadge,
  setTitle,
  Time,
  Trouble,
} from '../parts/small.tsx'
import { Timeline } from '../parts/timeline.tsx'

interface Parts {
  run: ShownRun
  explained: Explanation
  entries: Entry[]
  evidence: Evidence[]
}

async function readParts(path: string): Promise<Parts> {
  const [run, explained, entries, evidence] = await Promise.all([
    getJson<ShownRun>(path),
    getJson<Explanation>(`${path}/explain`),
    getJson<Entry[]>(`${path}/history`),
    getJson<Evidence[]>(`${path}/evidence`),
  ])
  return { run, explained, entries, evidence }
}

/** One run, everything at once: what it is at, what happened, what it left. */
export function RunView({ id }: { id: string }) {
  const path = `/api/v1/runs/${encodeURIComponent(id)}`
  const { data, problem, reload } = useAnswer(`run ${id}`, () => readParts(path), newest.value)
  useEffect(() => setTitle(data === null ? 'Run' : data.run.about), [data])
  return (
    <main id="main">
      <Trouble problem={problem} />
      {data === null ? (
        problem === null && <Loading />
      ) : (
        <Everything parts={data} path={path} reload={reload} />
      )}
    </main>
  )
}

function Everything({ parts, path, reload }: { parts: Parts; path: string; reload(): void }) {
  const { run, explained, entries, evidence } = parts
  const last = entries.at(-1)!
  const chart = useAnswer(`chart ${path}`, () => getJson<ChartAnswer>(`${path}/chart`), last.seq)
  return (
    <>
      <p class="facts">
        <a href="/runs">Runs</a> / {run.machine} {run.version}
      </p>
      <h1>
        <Shown text={run.about} />
      </h1>
      <div class="facts">
        <StatusBadge status={run.status} outcome={run.outcome} /> <ModeBadge mode={run.mode} />
        <ShortId id={run.runId} />
        <span>
          started <Time iso={run.startedAt} /> by {run.startedThrough === 'mcp' && 'agent '}
          <Shown text={run.startedBy} />
        </span>
        <span>as of entry {last.seq}</span>
      </div>
      <Sentence run={run} explained={explained} />
      <Actions run={run} afterStop={explained.afterStop} path={path} reload={reload} />
      <Section title="Timeline" id="timeline">
        <Timeline entries={entries} run={run} />
      </Section>
      <Section title="Chart" id="chart">
        <Trouble problem={chart.problem} />
        {chart.data !== null && <Chart chart={chart.data} />}
      </Section>
      <Section title="Counts before and after" id="counts">
        <Counts output={run.output} />
      </Section>
      <Section title="Receipts and evidence" id="evidence">
        <Integrity path={path} seq={last.seq} />
        <Receipts runId={run.runId} evidence={evidence} />
      </Section>
      <Section title="Raw" id="raw">
        <details>
          <summary>The run as JSON</summary>
          <Copy text={JSON.stringify(run, null, 2)} label="copy" what="run" />
          <pre tabIndex={0}>{JSON.stringify(run, null, 2)}</pre>
        </details>
      </Section>
    </>
  )
}

/** Checks chain, replay and evidence on the service, and says when. */
function Integrity({ path, seq }: { path: string; seq: number }) {
  const [at, setAt] = useState<string | null>(null)
  const { data, problem } = useAnswer(
    `verify ${path}`,
    async () => {
      const entries = await getJson<Entry[]>(`${path}/history?verify=true`)
      setAt(new Date().toISOString())
      return entries.length
    },
    seq,
  )
  if (problem !== null) return <Trouble problem={problem} />
  if (data === null || at === null) return <Loading />
  return (
    <p class="notice good" role="status">
      {data} entries, chain complete, replay and evidence agree, checked at {timeOfDay(at)}.
    </p>
  )
}

interface ActionsProps extends Pick<Explanation, 'afterStop'> {
  run: ShownRun
  path: string
  reload(): void
}

/** What can be done, always in reach. The main button is what the advice of a stop says can help. */
function Actions({ run, afterStop, path, reload }: ActionsProps) {
  const [problem, setProblem] = useState<Problem | null>(null)
  const [isCancelling, setCancelling] = useState(false)
  const mayMove = session.value?.role !== 'viewer' && session.value?.runId === null
  const post = async (verb: string, body: object) => {
    setProblem(null)
    try {
      await postJson(`${path}/${verb}?wait=5`, body)
      setCancelling(false)
      reload()
    } catch (error) {
      setProblem(problemFrom(error))
    }
  }
  const saveBundle = async () => {
    try {
      saveFile(`${run.runId}.tar`, await (await request(`${path}/bundle`)).blob())
    } catch (error) {
      setProblem(problemFrom(error))
    }
  }
  const cancel = (event: Event) => {
    event.preventDefault()
    const reason = String(new FormData(event.currentTarget as HTMLFormElement).get('reason') ?? '')
    return post('cancel', { reason })
  }
  const resumeButton = run.status === 'stopped' && mayMove && (
    <button
      key="resume"
      type="button"
      class={afterStop === 'resume' ? 'primary' : undefined}
      onClick={() => post('retry', {})}
    >
      {afterStop === 'another-run' ? 'Resume all the same' : 'Resume'}
    </button>
  )
  const cancelButton = run.status !== 'closed' && mayMove && !isCancelling && (
    <button
      key="cancel"
      type="button"
      class={afterStop === 'another-run' ? 'primary' : undefined}
      onClick={() => setCancelling(true)}
    >
      Cancel…
    </button>
  )
  return (
    <section class="actions" aria-label="Actions">
      {run.gate !== null && (
        <a class="button primary" href={`/runs/${run.runId}/gate`}>
          Open gate {run.gate}
        </a>
      )}
      {afterStop === 'another-run' ? [cancelButton, resumeButton] : resumeButton}
      <button type="button" onClick={saveBundle}>
        Evidence bundle
      </button>
      {afterStop !== 'another-run' && cancelButton}
      {session.value?.role === 'admin' && session.value.runId === null && (
        <Share runId={run.runId} isGate={run.gate !== null} />
      )}
      {isCancelling && (
        <form class="inline" onSubmit={cancel}>
          <label for="cancel-reason">Reason</label>
          <input id="cancel-reason" name="reason" required maxLength={1_000} />
          <button type="submit" class="danger">
            Cancel this run
          </button>
          <button type="button" onClick={() => setCancelling(false)}>
            Keep it
          </button>
        </form>
      )}
      <Trouble problem={problem} />
    </section>
  )
}
