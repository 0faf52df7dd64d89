import { stat, writeFile } from 'node:fs/promises'
import type { Home } from '../../app/open-home.ts'
import { genesisFacts } from '../../bundle/run-record.ts'
import { assertNewFile, writeNewFile } from '../../bundle/write-new-file.ts'
import { type Output, writeOutput } from '../write-output.ts'
import { findRun } from './find-run.ts'

/** What `run report --html --json` prints. */
export interface RunPageAnswer {
  runId: string
  /** The history entry up to which the page tells. */
  seq: number
  file: string
  bytes: number
}

/**
 * Writes one static page about a run: its timeline, what differs between plans at the same gate, and who approved. It loads nothing and runs no
 * script.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED, INPUT_REFUSED when the file exists or can't be written, USAGE when several runs match
 */
export async function writeRunPage(
  home: Home,
  { run: text, out }: { run: string; out: Output },
): Promise<RunPageAnswer> {
  const { makeRunPage } = await import('../../reports/make-run-page.ts')
  const { planSource } = await import('../../app/plan-source.ts')
  return writeOutput(home, out, async (file) => {
    await assertNewFile(file)
    const run = await findRun(home, text)
    const history = await home.store.history(run.runId)
    const page = await makeRunPage({
      genesis: genesisFacts(run, history),
      run,
      history,
      approvals: await home.store.approvals(run.runId),
      ...planSource((digest) => home.store.evidence(digest)),
    })
    await writeNewFile(file, (unfinished) => writeFile(unfinished, page))
    return { runId: run.runId, seq: run.seq, file, bytes: (await stat(file)).size }
  })
}
