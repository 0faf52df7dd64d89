import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import { connectMigrate } from '../../builtin/migrate.ts'
import type { EffectContext } from '../../domain/effect.ts'
import { CutterError, Stop } from '../../domain/errors.ts'
import { type KeptCopy, proposeMigration } from '../../effects/migrate/propose-migration.ts'
import { assertOperator } from '../../engine/operators.ts'
import type { ProposedExpectations } from '../../migration/propose-expectations.ts'
import { openTools } from '../../tools/open-tools.ts'
import { outputPath } from '../write-output.ts'

/** What `migrate propose --json` prints. */
export interface ProposedBundle extends ProposedExpectations {
  /** The folder, as an absolute path. Its bundle.yaml now holds the expectations. */
  bundle: string
  target: string
  /** The copy on which the migration was rehearsed. */
  copy: { takenAt: string; backup: string; reused: boolean }
}

export interface ProposeInput {
  folder: string
  target: string
  /** Takes a new copy of the target, even if an earlier one would do. */
  fresh: boolean
  onProgress(text: string): void
}

/** How long a copy may be used again, in hours. Rows are counted on it, so an old one would mislead. */
const COPY_HOURS = 24

/**
 * Rehearses a migration on a copy of its target, and writes what it did into bundle.yaml as expectations, for its author to read. The target
 * is only read. The copy is kept for the next proposal.
 * @throws OPERATOR_REFUSED when the caller may start no run
 * @throws INPUT_REFUSED when the folder has other faults, or the rehearsal failed; then no file was changed
 */
export async function proposeBundle(home: Home, given: ProposeInput): Promise<ProposedBundle> {
  const folder = resolve(home.cwd, given.folder)
  const file = await outputPath(home, join(folder, 'bundle.yaml'))
  const app = await home.app()
  const by = assertOperator(app.deps, undefined)
  const { target } = given
  const kept = keptCopies(home.folder, target)
  const tools = openTools(app.config.tools)
  const context = contextOf(home, by, app.config.caps.runMinutes, given.onProgress)
  const proposed = await asRefusal(() =>
    proposeMigration(connectMigrate({ ...app, env: home.env, tools }), context, {
      folder,
      target,
      kept: given.fresh ? null : kept.read(),
    }),
  ).finally(() => removeIfEmpty(join(home.folder, 'var', 'backups', context.runId)))
  const { expectations, copy, reused } = proposed
  kept.write(copy)
  // Never half a file, whenever the process ends.
  writeFileSync(`${file}.new`, proposed.text)
  renameSync(`${file}.new`, file)
  const { takenAt, file: backup } = copy.backup.dump
  return { bundle: folder, target, copy: { takenAt, backup, reused }, ...expectations }
}

/** A proposal that uses an earlier copy keeps none of its own. */
function removeIfEmpty(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length === 0) rmSync(folder, { recursive: true })
}

/** The copies that proposals took, one for each target. */
function keptCopies(home: string, target: string) {
  const folder = join(home, 'var', 'proposals')
  const file = join(folder, `${encodeURIComponent(target)}.json`)
  return {
    read(): KeptCopy | null {
      if (!existsSync(file)) return null
      const copy = JSON.parse(readFileSync(file, 'utf8')) as KeptCopy
      const { takenAt, file: dump } = copy.backup.dump
      const age = Date.now() - Date.parse(takenAt)
      return age < COPY_HOURS * 3_600_000 && existsSync(join(home, dump)) ? copy : null
    },
    write(copy: KeptCopy) {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      writeFileSync(`${file}.new`, JSON.stringify(copy), { mode: 0o600 })
      renameSync(`${file}.new`, file)
    },
  }
}

/** A proposal is no run: it writes nothing that an approval would have to allow, and what it found is tried again by the run that follows. */
function contextOf(home: Home, by: string, minutes: number, progress: (text: string) => void): EffectContext {
  const runId = `propose-${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}-${randomBytes(4).toString('hex')}`
  return {
    runId,
    machine: 'migrate',
    version: '1',
    mode: 'dry-run',
    seq: 1,
    startedBy: by,
    token: { run: runId, seq: 1, attempt: 1 },
    deadline: new Date(Date.now() + minutes * 60_000),
    signal: home.interrupt,
    assertClaimed: async () => undefined,
    now: () => new Date(),
    evidence: async (digest) => {
      throw new Error(`no evidence ${digest}`)
    },
    approval: async () => null,
    progress,
  }
}

/** No run stops here, so the stop of a phase is a refusal. */
async function asRefusal<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    const { code, data } = error.facts
    throw new CutterError('INPUT_REFUSED', `${error.message}; bundle.yaml was not changed`, {
      next: 'correct what is named, then run the same command again',
      data: { ...(data as object | undefined), stop: code },
      cause: error,
    })
  }
}
