/** What one check of `doctor` found. */
export interface Finding {
  /** What was checked, such as `Node` or `target main`. */
  check: string
  status: 'ok' | 'warn' | 'fail'
  message: string
  /** How to repair it. */
  next?: string
}

/** A finding that keeps nothing from working. `next` says how to repair it. */
export const warning = (check: string, message: string, next: string): Finding => ({
  check,
  status: 'warn',
  message,
  next,
})

/** A finding of a check that passed. It needs no advice, so it has no `next`. */
export const okay = (check: string, message: string): Finding => ({ check, status: 'ok', message })
