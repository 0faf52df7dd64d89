import type { Home } from '../../app/open-home.ts'
import { assertRole } from './assert-role.ts'
import { assertMachineInScope } from './scope.ts'

/**
 * Checks that a caller may read the documents of targets: a viewer or above, no read-only link, whose token reaches the machine `cut`, which
 * writes them. Every use case that answers what a target holds of documents asks here.
 * @throws ACCESS_REFUSED
 */
export function assertReadsDocuments(home: Pick<Home, 'caller'>): void {
  assertRole(home, 'read documents')
  assertMachineInScope(home, 'cut')
}
