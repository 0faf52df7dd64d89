import { CutterError } from '../domain/errors.ts'

/** A reason is for who reads it later: blank is none. Throws USAGE. */
export function assertReason(reason: string): string {
  if (reason.trim() !== '') return reason
  throw new CutterError('USAGE', 'the reason is blank; nothing was done', {
    next: 'say why in a few words: --reason "…"',
  })
}
