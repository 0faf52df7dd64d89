interface TerminalVariables {
  NO_COLOR?: string | undefined
  TERM?: string | undefined
  COLUMNS?: string | undefined
}

/** Whether an environment allows colours: see no-color.org, and TERM of terminals that know none. */
export const allowsColor = ({ NO_COLOR = '', TERM }: TerminalVariables): boolean =>
  NO_COLOR === '' && TERM !== 'dumb'

/** The width of a terminal that does not tell its own, in characters. */
const USUAL_WIDTH = 80
/** A text can't be fitted to less. */
const LEAST_WIDTH = 40
const MOST_WIDTH = 1_000

/**
 * The width that lines for people are fitted to, in characters: COLUMNS, else that of the terminal. Null where nothing is cut or broken,
 * because a file or a program takes the lines.
 * @param given the width that the terminal tells; null without a terminal
 */
export function widthToFit(
  { COLUMNS = '' }: TerminalVariables,
  given: number | undefined | null,
): number | null {
  const wished = /^[1-9]\d{0,4}$/.test(COLUMNS) ? Number(COLUMNS) : null
  const width = wished ?? (given === null ? null : given || USUAL_WIDTH)
  return width === null ? null : Math.min(Math.max(width, LEAST_WIDTH), MOST_WIDTH)
}
