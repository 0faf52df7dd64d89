import { useEffect, useState } from 'preact/hooks'
import type { Explanation, GateAhead, PlanChanges, ShownRun } from '../client/answers.ts'
import { getJson } from '../client/api.ts'
import { newest } from '../client/live.ts'
import { useAnswer } from '../client/use-answer.ts'
import { Ahead, People } from '../parts/ahead.tsx'
import { DecideBar } from '../parts/decide.tsx'
import { Changes, ExactBytes, Plan } from '../parts/plan.tsx'
import { Sentence } from '../parts/sentence.tsx'
import { Shown } from '../parts/shown.tsx'
import {
  Loading,
  ModeBadge,
  Section,
  ShortId,
  StatusBadge,
  setTitle,
  Time,
  Trouble,
} from '../parts/small.tsx'

interface Parts {
  run: ShownRun
  explained: Explanation
  ahead: GateAhead
  changes: PlanChanges | null
}

async function readParts(path: string): Promise<Parts> {
  const [run, explained, ahead] = await Promise.all([
    getJson<ShownRun>(path),
    getJson<Explanation>(`${path}/explain`),
    getJson<GateAhead>(`${path}/ahead`),
  ])
  const changes = run.planDigest === null ? null : await getJson<PlanChanges>(`${path}/plan/changes`)
  return { run, explained, ahead, changes }
}

/** A gate: what is decided, on one page that can be printed. */
export function GateView({ id }: { id: string }) {
  const path = `/api/v1/runs/${encodeURIComponent(id)}`
  const { data, problem, reload } = useAnswer(`gate ${id}`, () => readParts(path), newest.value)
  useEffect(
    () => setTitle(data === null ? 'Gate' : `Gate ${data.run.gate ?? ''} of ${data.run.about}`),
    [data],
  )
  return (
    <main id="main" class="gate">
      <Trouble problem={problem} />
      {data === null ? (
        problem === null && <Loading />
      ) : (
        <Decision parts={data} path={path} reload={reload} />
      )}
    </main>
  )
}

function Decision({ parts, path, reload }: { parts: Parts; path: string; reload(): void }) {
  const { run, explained, ahead, changes } = parts
  // After a yes the run leaves its gate. The outcome of the decision stays in sight.
  const [gate] = useState(run.gate)
  return (
    <>
      <p class="facts">
        <a href="/">Inbox</a> / <a href={`/runs/${run.runId}`}>the run</a>
      </p>
      <h1>
        {gate === null ? 'No gate: ' : `Gate ${gate}: `}
        <Shown text={run.about} />
      </h1>
      <div class="facts">
        <StatusBadge status={run.status} outcome={run.outcome} /> <ModeBadge mode={run.mode} />
        <span>
          {run.machine} {run.version}
        </span>
        <ShortId id={run.runId} />
        <span>
          started <Time iso={run.startedAt} /> by <Shown text={run.startedBy} />
        </span>
      </div>
      <Sentence run={run} explained={explained} />
      {run.gate !== null && <Ahead ahead={ahead} run={run} />}
      {changes !== null && (
        <Changes
          runId={run.runId}
          changes={changes}
          differences={explained.differsFrom === 'earlier-plan' ? [] : explained.differences}
        />
      )}
      {run.planDigest !== null && (
        <Section title="The complete plan" id="plan">
          <Plan run={run} path={path} />
        </Section>
      )}
      {run.planDigest !== null && <ExactBytes run={run} path={path} />}
      {run.gate !== null && <People explained={explained} />}
      <DecideBar run={run} explained={explained} ahead={ahead} path={path} reload={reload} />
    </>
  )
}
