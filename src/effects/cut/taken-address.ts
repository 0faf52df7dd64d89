import { Stop } from '../../domain/errors.ts'
import type { Survey } from '../../targets/survey.ts'

/**
 * Asserts that no address belongs to another document. An address permanently belongs to one document.
 *
 * @throws Stop STOP_REFUSED_INPUT when one does; the stop names that document.
 */
export function assertFreeAddresses(
  document: string,
  addresses: Iterable<string>,
  neighbours: Survey['neighbours'],
): void {
  if (neighbours.length === 0) return
  const own = new Set(addresses)
  const taken = neighbours.find(({ address }) => own.has(address))
  if (taken === undefined) return
  const owner = taken.document === null ? 'a unit of no document' : `document ${taken.document}`
  throw new Stop(
    'STOP_REFUSED_INPUT',
    `address ${taken.address} already belongs to ${owner} in the target, and ${document} has the same address, because addresses hold a document’s id in capital letters; nothing was changed`,
    {
      next: `if it is the same document, start another run with --document ${taken.document ?? '<its id>'}, else give this one another id (this run can be cancelled)`,
      data: { address: taken.address, document: taken.document },
    },
  )
}
