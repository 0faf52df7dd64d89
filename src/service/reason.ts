import { CutterError } from '../domain/errors.ts'

/**
 * Returns the reason.
 * @throws USAGE when the reason is blank, because a reason is written for those who read the record later
 */
export function assertReason(reason: string): string {
  if (reason.trim() !== '') return reason
  throw new CutterError('USAGE', 'the reason is blank; nothing was changed', {
    next: 'give the reason in a few words: --reason "…"',
  })
}
