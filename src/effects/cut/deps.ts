import type { Profile } from '../../document/profiles/profile.ts'
import type { EffectContext } from '../../domain/effect.ts'
import type { RehearsalDatabases, Sql, Target } from '../../targets/target.ts'

/** What the effects of a cut reach for; the app brings it. */
export interface CutDeps {
  target(name: string): Promise<Target>
  scratches: RehearsalDatabases
  /** Throws INPUT_REFUSED for what is no readable file. */
  readSource(path: string): Promise<Uint8Array>
  /** Source files registered in cutter.yaml. */
  documents: Record<string, { source: string; profile?: string }>
  /** A user's own, besides those that ship. */
  profiles: readonly Profile[]
  caps: { units: number }
}

/** Where the phases after the gate do their work: on the target itself in a live run, on the run's copy in a dry one. */
export function openWriteTarget(
  deps: CutDeps,
  { mode, runId }: EffectContext,
  target: string,
): Promise<Target> {
  return mode === 'live' ? deps.target(target) : deps.scratches.open(runId)
}

/** One writer for a document, held until the transaction ends; waits for a dead client's statement too. */
export async function lockDocument(sql: Sql, document: string): Promise<void> {
  await sql.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`cutter/document/${document}`])
}

export const ACTOR = 'cutter/'
/** Who the rows say has made them. */
export const actorOf = ({ runId }: Pick<EffectContext, 'runId'>) => `${ACTOR}${runId}`

/** What evidence says. The newest are kept, under digests that can stand for nothing else: a plan is asked for in every phase. */
export async function readJsonEvidence<T>(context: EffectContext, digest: string): Promise<T> {
  const known = parsed.get(digest) ?? JSON.parse(Buffer.from(await context.evidence(digest)).toString('utf8'))
  parsed.delete(digest)
  parsed.set(digest, known)
  for (const oldest of [...parsed.keys()].slice(0, -MOST_PARSED)) parsed.delete(oldest)
  return known as T
}

const parsed = new Map<string, unknown>()
const MOST_PARSED = 3

/** Both to their end, since nothing may go on behind a phase that failed; then both results, or the first failure. */
export async function awaitBoth<One, Other>(one: Promise<One>, other: Promise<Other>): Promise<[One, Other]> {
  await Promise.allSettled([one, other])
  return Promise.all([one, other])
}
