import { CutterError } from '../../domain/errors.ts'

/** The CutterError for an error of SQLite, with what was changed and what to do next. Other errors stay as they are. */
export function toStoreError(error: unknown, file: string): unknown {
  if (error instanceof CutterError) return error
  const { code, message } = error as { code?: unknown; message?: string }
  if (typeof code !== 'string') return error
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) {
    return new CutterError(
      'STORE_CORRUPT',
      `${file} is not a readable store (${message}); nothing was changed`,
      {
        next: 'keep the broken file to examine it, and restore a backup: cutter store restore <file>',
        cause: error,
      },
    )
  }
  if (/^SQLITE_(READONLY|CANTOPEN|FULL|IOERR|PERM)/.test(code)) return unwritableStoreError(file, error)
  if (code.startsWith('SQLITE_BUSY')) {
    return new CutterError('STORE_CONFLICT', `${file} is busy: another process kept it locked for over 5 s`, {
      next: 'try again',
      cause: error,
    })
  }
  if (code.startsWith('SQLITE_CONSTRAINT')) {
    return new CutterError('INTERNAL', `the store refuses a value: ${message}; nothing was saved`, {
      cause: error,
    })
  }
  return error
}

/** The error STORE_UNWRITABLE for a store of which the file or its folder can't be written. */
export function unwritableStoreError(file: string, cause: unknown): CutterError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new CutterError('STORE_UNWRITABLE', `can't write ${file}: ${why}; nothing was saved`, {
    next: 'check owner, mode and free space of the folder, or select another one with --home',
    cause,
  })
}
