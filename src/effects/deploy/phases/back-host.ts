import type { Effect } from '../../../domain/effect.ts'
import { atHost } from '../hosts/at-host.ts'
import { whatRollbackSays } from '../hosts/rollback-hosts.ts'

/** Takes the failed host back, and leaves the others as they are. `rollback`: the effect that takes one host back. */
export const backHost = (rollback: Effect): Effect =>
  atHost(
    { ...rollback, name: 'back_host' },
    {
      after: (record) => ({
        ...record,
        state: 'failed',
        why: `${record.facts.failure}; ${whatRollbackSays(record)}`,
      }),
    },
  )
