import type pg from 'pg'
import { type Answer, aCutterHome, type CutterHome } from '../support/cli.ts'
import { aSigner, charter, enableExecution, LIVE, resume } from '../support/cli-steps.ts'

/** A home that allows live runs, with a running server, an initialised target, a signer and a short document. */
export interface LiveHome {
  at: CutterHome
  /** Alice's private key. */
  key: string
  superuser: pg.Client
}

/** Creates such a home with `small.md`, which has two articles. The caller removes it by `at.remove()`. */
export async function aLiveHome(): Promise<LiveHome> {
  const at = aCutterHome(LIVE)
  const key = aSigner(at)
  at.file('small.md', charter('One.', 'Two.'))
  await at.server()
  await enableExecution(at)
  await at.cutter(['target', 'init', 'embedded'])
  return { at, key, superuser: await at.superuser() }
}

/** Resumes a run at SG1 with an approval, does the deed while leg A is under way, and gives the run's answer. */
export async function whileLegAWrites(
  { superuser, ...given }: { at: CutterHome; superuser: pg.Client; runId: string; approvalId: string },
  deed: () => Promise<unknown>,
): Promise<Answer> {
  await superuser.query('begin')
  try {
    // Readers pass, writers wait.
    await superuser.query('lock table public.information_unit in share mode')
    const answer = resume(given.at, given.runId, given.approvalId)
    const waiting = `select from pg_locks where not granted and relation = 'public.information_unit'::regclass`
    while ((await superuser.query(waiting)).rowCount === 0);
    await deed()
    await superuser.query('rollback')
    return await answer
  } finally {
    await superuser.query('rollback')
  }
}
