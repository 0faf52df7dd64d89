import type { Effect } from '../../../domain/effect.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import { type HostRecord, outputOf, recordsOf, severalInput } from '../hosts/host-record.ts'
import type { Output } from '../hosts/with-several.ts'

/** Tries the failed hosts again: they wait like others that were not worked on. */
export const retryHosts = (): Effect =>
  readEffect({
    name: 'retry_hosts',
    input: severalInput,
    async execute(_context, given): Promise<{ output: Output }> {
      const records = recordsOf(given).map((one) => (one.state === 'failed' ? asPlanned(one) : one))
      return { output: outputOf(records) }
    },
  }) as Effect

/** A host as it was when its plan was approved. */
function asPlanned(record: HostRecord): HostRecord {
  const { failure: _, builtDigest: __, promoted: ___, ...facts } = record.facts
  const { rollback: ____, standsAs: _____, ...report } = record.report
  const gates = Object.fromEntries(Object.entries(record.gates).filter(([stage]) => stage <= 'G3'))
  return { ...record, state: 'pending', why: null, facts, gates, report }
}
