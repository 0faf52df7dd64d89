import type { Mode } from '../../domain/run.ts'
import { exitOfRun } from '../exit-codes.ts'
import { answerRun } from '../io.ts'
import { type CommonOptions, command, holdOf } from '../session.ts'
import { optional } from './resume.ts'

/** A run of its own, since a closed one stays as it is: what it removes, and that it may, is signed like everything else. */
export function runRollback(
  text: string,
  options: CommonOptions & { mode: Mode; key?: string; by?: string },
) {
  return command(options, async ({ app, io, store, runId }) => {
    const run = await (await app()).engine.start(
      'rollback',
      { run: await runId(text) },
      { mode: options.mode, ...optional('key', options.key), ...optional('by', options.by) },
    )
    answerRun(io, run, await holdOf(store, run))
    return exitOfRun(run)
  })
}
