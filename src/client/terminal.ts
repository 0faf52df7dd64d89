/** Whether an environment allows colours: see no-color.org, and TERM of terminals that know none. */
export const allowsColor = ({
  NO_COLOR = '',
  TERM,
}: {
  NO_COLOR?: string | undefined
  TERM?: string | undefined
}): boolean => NO_COLOR === '' && TERM !== 'dumb'
