import { createRehearsalCopies } from '../../builtin/rehearsal-servers.ts'
import { CutterError, Stop } from '../../domain/errors.ts'
import type { Mode } from '../../domain/run.ts'
import { exitOfRun } from '../exit-codes.ts'
import { answer, answerRun, table } from '../io.ts'
import { type CommonOptions, command } from '../session.ts'

/** Copies on all rehearsal servers that are known; a server that was never made is not started to look. */
export function rehearsalList(options: CommonOptions) {
  return command(options, async ({ app, io }) => {
    const copies = await createRehearsalCopies({ ...(await app()), env: process.env })
      .list()
      .catch((error: unknown) => {
        if (!(error instanceof Stop)) throw error
        const { next } = error.facts
        throw new CutterError('TARGET_UNREACHABLE', error.message, next === undefined ? {} : { next })
      })
    answer(io, copies, () =>
      copies.length === 0
        ? ['no rehearsal copies here']
        : table(
            ['RUN', 'TARGET', 'ON', 'DATABASE', 'MADE'],
            copies.map(({ runId, target, place, database, madeAt }) => [
              runId,
              target,
              place,
              database,
              madeAt,
            ]),
          ),
    )
    return 0
  })
}

/** A run of the machine teardown: what it removes, and that it may, is signed like everything else. */
export function rehearsalRemove(text: string, options: CommonOptions & { mode: Mode; by?: string }) {
  return command(options, async ({ app, io, runId }) => {
    const run = await (await app()).engine.start(
      'teardown',
      { run: await runId(text) },
      { mode: options.mode, ...(options.by === undefined ? {} : { by: options.by }) },
    )
    answerRun(io, run)
    return exitOfRun(run)
  })
}
