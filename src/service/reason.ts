import { CutterError } from '../domain/errors.ts'

/**
 * Returns the reason as it was given. A reason is written for those who read the record later, so it must have words.
 * @throws USAGE when the reason is blank
 */
export function assertReason(reason: string): string {
  if (reason.trim() !== '') return reason
  throw new CutterError('USAGE', 'the reason is blank; nothing was changed', {
    next: 'give the reason in a few words: --reason "…"',
  })
}
