import { resolve } from 'node:path'
import { osUser, sealingOf } from '../../app/open-app.ts'
import { findHome } from '../../config/load-config.ts'
import { systemClock } from '../../domain/clock.ts'
import { assertNoSecretWords } from '../../engine/check-secrets.ts'
import { assertOperator } from '../../engine/operators.ts'
import type { PruneResult } from '../../service/store/prune-runs.ts'
import { parseDuration } from '../execution/status.ts'
import { answer, type Io, table } from '../io.ts'
import { type CommonOptions, command } from '../session.ts'
import { withoutStore } from '../without-store.ts'

export function storeBackup(options: CommonOptions & { out: string }) {
  return command(options, async ({ home, io }) => {
    const { copyStore } = await import('../../service/store/store-copies.ts')
    const made = await copyStore(home, resolve(options.out))
    warn(io, made.faults)
    answer(io, made, () => [
      `backup  ${made.file}, ${made.bytes} bytes`,
      `        sha256:${made.sha256}`,
      `holds   ${made.runs} runs, ${made.entries} entries, each opened and checked`,
    ])
    return made.faults.length === 0 ? 0 : 1
  })
}

/** The store is not opened first, as it is for other commands: it may be the one that can't be. */
export function storeRestore(from: string, options: CommonOptions & { discardNewer?: boolean }) {
  return withoutStore(options, async (io) => {
    const home = findHome(options.home, process.env, process.cwd())
    const { replaceStore } = await import('../../service/store/store-copies.ts')
    const how = {
      discardNewer: options.discardNewer === true,
      at: systemClock.now(),
      by: osUser(),
    }
    const restored = await replaceStore(home, resolve(from), how)
    const { file, replaced, runs, entries, faults, behind } = restored
    warn(io, faults)
    answer(io, restored, () => [
      `store   ${file}: ${runs} runs, ${entries} entries`,
      ...(replaced === null ? [] : [`before  ${replaced}`]),
      ...behind.map(({ runId, why }) => `behind  ${runId}: ${why}`),
    ])
    return 0
  })
}

export function storePrune(options: CommonOptions & { olderThan: string; into?: string; by?: string }) {
  return command(options, async ({ app, home, io, store }) => {
    const { findPrunableRuns, pruneRunIntoBundle } = await import('../../service/store/prune-runs.ts')
    const { parts } = await app()
    assertNoSecretWords(parts, { '--by': options.by })
    const before = new Date(
      parts.clock.now().getTime() - parseDuration(options.olderThan, '--older-than', 36_500),
    )
    const by = assertOperator(parts, options.by)
    const { runs, faults } = await findPrunableRuns({ store }, before)
    warn(io, faults)
    const pruned: PruneResult[] = []
    for (const run of runs) {
      if (parts.interrupt.aborted) throw new Error('interrupted')
      const { runId, updatedAt: closedAt } = run
      if (options.into === undefined) pruned.push({ runId, closedAt, bundle: null, bundleDigest: null })
      else
        pruned.push(
          await pruneRunIntoBundle(sealingOf(home, store), home, run, { into: resolve(options.into), by }),
        )
    }
    answer(io, pruned, () => [
      ...table(
        ['RUN', 'CLOSED', 'BUNDLE'],
        pruned.map(({ runId, closedAt, bundle }) => [runId, closedAt, bundle ?? '']),
      ),
      options.into === undefined
        ? `${pruned.length} would be pruned; nothing was done: name a folder with --into`
        : `${pruned.length} pruned; their start keys stay used`,
    ])
    return 0
  })
}

function warn(io: Io, faults: string[]): void {
  for (const fault of faults) io.err(`cutter: ${fault}`)
}
