import { CutterError } from '../domain/errors.ts'

/** The length of a reason at most, in characters. Records keep it, and people read it. */
const MAX_CHARACTERS = 1_000

/**
 * Returns the reason as it was given. A reason is written for those who read the record later, so it must have words.
 * @throws USAGE when the reason is blank or too long
 */
export function assertReason(reason: string): string {
  if (reason.trim() !== '') return assertShortReason(reason)
  throw new CutterError('USAGE', 'the reason is blank; nothing was changed', {
    next: 'give the reason in a few words: --reason "…"',
  })
}

/**
 * Returns a reason that may be blank, as it was given.
 * @throws USAGE when the reason is too long
 */
export function assertShortReason(reason: string): string {
  if (reason.length <= MAX_CHARACTERS) return reason
  throw new CutterError(
    'USAGE',
    `the reason has ${reason.length} characters, and at most ${MAX_CHARACTERS} are kept; nothing was changed`,
    { next: 'give the reason in a few words, and name a document for the rest' },
  )
}
