import type { EffectContext } from '../../domain/effect.ts'
import type { Tool } from '../../tools/open-tools.ts'
import { runTool } from '../system/run-tool.ts'
import type { MigrationDatabase } from './migration-database.ts'
import { splitConnectionString } from './pg-tools.ts'
import {
  MOST_OUTPUT,
  NO_FAULTS,
  type RestoreFaults,
  readFaults,
  readParallelFaults,
} from './restore-faults.ts'

/** The dump of a restore, as pg_restore reads it: by its input, or by the last of its arguments. */
export interface RestoreFiles {
  args: string[]
  input?: string
  /** How many processes restore at once. Only a directory can be read by more than one. */
  jobs: number
  /** A new file for the definitions of the dump as SQL; it is removed again. */
  definitions: string
  /** The folder in which pg_restore runs. */
  cwd: string
}

/** A restore in two parts, because what the server rejects of the rows is copied again before the definitions that need them. */
export interface Restore {
  /** Makes the tables and copies their rows. */
  fill(): Promise<RestoreFaults>
  /** Makes indexes, constraints, triggers, policies, and what else comes after the rows. */
  complete(): Promise<RestoreFaults>
}

/** Opens pg_restore into an empty database, without privileges. Both parts return what it reported. */
export function openRestore(
  context: EffectContext,
  tool: Tool,
  { args, input, jobs, cwd }: RestoreFiles,
  into: MigrationDatabase,
): Restore {
  const { address, password } = splitConnectionString(into.url(), {
    applicationName: `cutter ${context.runId}`,
    // Code in the dump could otherwise write lines of its own among those of pg_restore.
    options:
      '-c client_min_messages=error -c jit=off -c synchronous_commit=off -c maintenance_work_mem=256MB',
  })
  // Only with --verbose it names the entry of an error.
  const always = ['--no-password', '--no-tablespaces', '--no-subscriptions', '--no-acl', '--verbose']
  const run = async (...options: string[]): Promise<string | null> => {
    const { code, stderr } = await runTool(tool, [...always, `--dbname=${address}`, ...options, ...args], {
      password,
      signal: context.signal,
      ...(input === undefined ? {} : { input }),
      cwd,
      keep: MOST_OUTPUT,
    })
    return code === 0 ? null : stderr
  }
  const filling = ['--section=pre-data', '--section=data']
  return {
    async fill() {
      const stderr = await run(...filling, ...(jobs === 1 ? [] : [`--jobs=${jobs}`]))
      if (stderr === null) return NO_FAULTS
      return jobs === 1 ? readFaults(stderr) : readParallelFaults(stderr)
    },
    async complete() {
      // Processes that work at once write their lines among each other, so that no error has an entry. A second pass by one process has
      // the entries of what is still missing; it finds everything else in place.
      if (jobs > 1 && (await run('--section=post-data', `--jobs=${jobs}`)) === null) return NO_FAULTS
      const stderr = await run('--section=post-data')
      return stderr === null ? NO_FAULTS : readFaults(stderr, { ignoresExisting: jobs > 1 })
    },
  }
}

/** What both parts of a restore reported. */
export const joinFaults = (one: RestoreFaults, other: RestoreFaults): RestoreFaults => ({
  leftOut: [...one.leftOut, ...other.leftOut],
  unfilled: [...one.unfilled, ...other.unfilled],
  failed: [...one.failed, ...other.failed],
  unfilledTables: [...one.unfilledTables, ...other.unfilledTables],
  faults: [...one.faults, ...other.faults],
})
