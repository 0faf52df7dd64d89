import type { ApprovalCase } from '../approval-case.ts'
import { type Refusal, refusalOf } from '../refusal.ts'

/** Finds why the files that decide in a live run cannot be relied on: who may approve is only as safe as the files that list it. */
export function findUnsafeFilesRefusal({ run, findFilesFault }: ApprovalCase): Refusal | null {
  const fault = run.mode === 'live' ? (findFilesFault?.() ?? null) : null
  return fault === null ? null : refusalOf('FILES_UNSAFE', run, { detail: fault.message, next: fault.next })
}
