import type { Home } from '../../app/open-home.ts'
import { assertRole } from '../access/assert-role.ts'

/** One database of `target list --json`. */
export interface ListedTarget {
  target: string
  /** What cutter.yaml has logins for. */
  takes: ('cuts' | 'migrations')[]
  /** Whether Cutter makes and runs its server itself. */
  isEmbedded: boolean
}

/**
 * Lists the databases by their names, without connecting to any.
 * @throws ACCESS_REFUSED, CONFIG_INVALID
 */
export async function listTargets(home: Home): Promise<ListedTarget[]> {
  assertRole(home, 'read targets')
  const { targets } = await home.config()
  return [
    { target: 'embedded', takes: ['cuts', 'migrations'], isEmbedded: true },
    ...Object.entries(targets).map(
      ([target, settings]): ListedTarget => ({
        target,
        takes: [
          ...(settings.executorUrlEnv === undefined ? [] : (['cuts'] as const)),
          ...(settings.migratorUrlEnv === undefined && settings.ownerUrlEnv === undefined
            ? []
            : (['migrations'] as const)),
        ],
        isEmbedded: false,
      }),
    ),
  ]
}
