import { diffWords } from '../../document/diff/word-diff.ts'
import { CutterError } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'
import type { Run } from '../../domain/run.ts'
import type { PlanReading } from '../../plan-page/plan-reading.ts'
import { planToMarkdown } from '../../plan-page/plan-to-markdown.ts'
import type { RunStore } from '../../store/run-store.ts'

/**
 * The plan of a run as Markdown for people. Reads only the run's own evidence, and no target.
 *
 * @throws STORE_TAMPERED when the plan is not among the evidence.
 */
export async function renderRunPlan(
  store: RunStore,
  run: Run,
  { page, pageSize }: Pick<PlanReading, 'page' | 'pageSize'>,
): Promise<string> {
  const planDigest = run.planDigest!
  const plan = await jsonOf(store, planDigest)
  const named = await store.evidenceOf(run.runId)
  const newest = async (name: string) => {
    const found = named.findLast((evidence) => evidence.name === name)
    return found === undefined ? null : store.evidence(found.digest)
  }
  const cut = plan as { type?: string; source?: { sha256?: string } } | null
  const isCut = cut?.type === 'cutter.plan.cut/v1'
  const cutPlan = isCut ? plan : parsed(await newest('plan/SG1'))
  const sha256 = (cutPlan as typeof cut)?.source?.sha256
  const { runId, machine, version, gate } = run
  return planToMarkdown({
    runId,
    machine,
    version,
    gate,
    planDigest,
    plan,
    cut: cutPlan,
    page,
    pageSize,
    source: sha256 === undefined ? null : await store.evidence(`sha256:${sha256}`),
    files: filesOf(parsed(await newest('bundle'))),
    measured: measuredIn(parsed(await newest('rehearsal'))),
    texts: textsOf(parsed(await newest('backup'))),
    differing: diffWords,
  })
}

/** The texts of a document's backup, by their hashes. */
function textsOf(backup: Json): Map<string, string> {
  const { versions = [] } = (backup ?? {}) as { versions?: { content_hash: string; body: string }[] }
  return new Map(versions.map(({ content_hash, body }) => [content_hash, body]))
}

/** The files of a migration bundle. */
const filesOf = (bundle: Json) => ((bundle ?? {}) as { texts?: { [name: string]: string } }).texts ?? {}

const measuredIn = (rehearsal: Json): Json => ((rehearsal ?? {}) as { measured?: Json }).measured ?? null

async function jsonOf(store: RunStore, digest: string): Promise<Json> {
  const bytes = await store.evidence(digest)
  if (bytes !== null) return parsed(bytes)
  throw new CutterError('STORE_TAMPERED', `the plan ${digest} is missing from the store`)
}

const parsed = (bytes: Uint8Array | null): Json =>
  bytes === null ? null : (JSON.parse(Buffer.from(bytes).toString('utf8')) as Json)
