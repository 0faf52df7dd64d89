import { dirname, join } from 'node:path'
import { CutterError } from '../domain/errors.ts'
import type { SourceFile } from '../domain/recorded-source.ts'
import type { Run } from '../domain/run.ts'
import type { ModuleSource } from './module-source.ts'

/** The source of a machine as a run recorded it. */
export interface RecordedSource {
  run: Pick<Run, 'runId' | 'version' | 'definitionDigest' | 'mode' | 'status'>
  files: SourceFile[]
  /** Whether the caller agrees that another source runs, if its text names an upgrade of the run. A comment is enough to name one. */
  acceptsUpgrade: boolean
}

/**
 * Asserts, before a module is loaded, that its source is the recorded one, or that the caller accepts an upgrade and its text names one from the
 * run's version or definition. Loading runs the module's code, and only then the machine shows what it really is.
 * @throws MACHINE_CHANGED with the first file that differs and both of its digests; `namesUpgrade` says whether its text names an upgrade
 */
export function assertSameSource(path: string, source: ModuleSource, recorded: RecordedSource): void {
  const { run, files, acceptsUpgrade } = recorded
  const difference = findDifference(path, source, files)
  if (difference === null) return
  const named = namesUpgrade(source, run)
  if (named && acceptsUpgrade) return
  throw new CutterError(
    'MACHINE_CHANGED',
    `run ${run.runId} was started under another source of its machine: ${difference}. It was not loaded, and nothing was changed.`,
    {
      next: named
        ? upgradeHint(run)
        : `restore the file, or add an upgrade whose text names this version (upgrade: { '${run.version}': … })`,
      data: { runId: run.runId, namesUpgrade: named },
    },
  )
}

/**
 * How a named upgrade is tried. A live run that continues under an approval cannot be upgraded, and only the module's code could show whether another
 * one can, so that a live run at no gate is not resumed for it.
 */
function upgradeHint({ runId, mode, status }: RecordedSource['run']): string {
  const check =
    'its text names an upgrade: cutter machine check --load-changed loads it and tries the upgrade'
  if (mode === 'live' && status !== 'paused') return check
  const then = status === 'paused' ? ', which then waits for an approval' : ''
  return `${check}; cutter run resume ${runId} upgrades the run${then}`
}

function findDifference(path: string, source: ModuleSource, recorded: SourceFile[]): string | null {
  const before = new Map(recorded.map(({ file, digest }) => [file, digest]))
  for (const [name, { file, digest }] of source) {
    if (!before.has(name)) return `${file} (${digest}) was not a part of it`
    if (before.get(name) !== digest) return `${file} was ${before.get(name)} and is ${digest}`
  }
  const gone = recorded.find(({ file }) => !source.has(file))
  return gone === undefined ? null : `${join(dirname(path), gone.file)} (${gone.digest}) is no part of it now`
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** Whether the text has an `upgrade` with a key for the run. A key that is computed is not found. */
function namesUpgrade(source: ModuleSource, { version, definitionDigest }: RecordedSource['run']): boolean {
  const text = [...source.values()].map((file) => file.text).join('\n')
  const key = new RegExp(`(?<![\\w.])(['"\`]?)${escaped(version)}\\1\\s*\\]?\\s*:`)
  return /\bupgrade\s*[:=,}]/.test(text) && (text.includes(definitionDigest) || key.test(text))
}
