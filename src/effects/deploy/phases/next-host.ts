import type { Effect } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import { type HostRecord, outputOf, recordsOf, severalInput } from '../hosts/host-record.ts'
import { maxFailuresOf } from '../hosts/plan-hosts.ts'
import type { Output } from '../hosts/with-several.ts'

/**
 * Chooses the host on which the run works next: the first one that waits. `left`: whether there was one.
 * @throws STOP_HOST_FAILED when the canary failed, or more hosts than the plan allows
 */
export const nextHost = (): Effect =>
  readEffect({
    name: 'next_host',
    input: severalInput,
    async execute(_context, given): Promise<{ output: Output }> {
      const records = recordsOf(given)
      const failed = records.filter(({ state }) => state === 'failed')
      const halts = failed.length > maxFailuresOf(given) || failed.some(({ host }) => host === given.canary)
      if (halts) throw haltedError(records, failed)
      const next = records.find(({ state }) => state === 'pending')
      return {
        output: outputOf(
          records.map((one) => (one === next ? { ...one, state: 'working' } : one)),
          { left: next !== undefined },
        ),
      }
    },
  }) as Effect

function haltedError(records: HostRecord[], failed: HostRecord[]): Stop {
  const named = (state: HostRecord['state']) =>
    records.filter((one) => one.state === state).map(({ host }) => host)
  const why = failed.map(({ host, why }) => `${host} (${why ?? 'no reason was recorded'})`).join('; ')
  const others = (['live', 'tried', 'pending'] as const).flatMap((state) => {
    const hosts = named(state)
    return hosts.length === 0 ? [] : [`${state}: ${hosts.join(', ')}`]
  })
  return new Stop('STOP_HOST_FAILED', [`failed, and taken back there: ${why}`, ...others].join('; '), {
    next: `cutter run resume <run> tries ${failed.map(({ host }) => host).join(', ')} again; cutter run cancel <run> --reason … takes all hosts back`,
    data: { hosts: records.map(({ host, state }) => ({ host, state })) },
  })
}
