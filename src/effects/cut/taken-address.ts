import { Stop } from '../../domain/errors.ts'
import type { Survey } from '../../targets/survey.ts'

/** An address belongs to one document for ever. Throws a Stop that names the other one. */
export function assertFreeAddresses(
  document: string,
  addresses: Iterable<string>,
  neighbours: Survey['neighbours'],
): void {
  if (neighbours.length === 0) return
  const ours = new Set(addresses)
  const taken = neighbours.find(({ address }) => ours.has(address))
  if (taken === undefined) return
  const owner = taken.document === null ? 'a unit of no document' : `document ${taken.document}`
  throw new Stop(
    'STOP_REFUSED_INPUT',
    `address ${taken.address} belongs to ${owner} in the target already, and ${document} would have it too: addresses hold a document’s id in capital letters; nothing was touched`,
    {
      next: `if it is the same document, start another run with --document ${taken.document ?? '<its id>'}, else give this one an id of its own (this run can be cancelled)`,
      data: { address: taken.address, document: taken.document },
    },
  )
}
