/**
 * Matches a text against a pattern list of OpenSSH (PATTERNS in ssh_config(5)). allowed_signers has such lists for principals and
 * namespaces: `*` and `?` stand for characters, and a match of a pattern that begins with `!` excludes the text.
 */
export function matchesList(patterns: string[], text: string): boolean {
  const matching = patterns.filter((pattern) => matches(pattern.replace(/^!/, ''), text))
  return matching.length > 0 && matching.every((pattern) => !pattern.startsWith('!'))
}

/** Tells whether a principal is a pattern, and not a name. */
export const isPattern = (text: string) => /[*?]/.test(text)

function matches(pattern: string, text: string): boolean {
  const parts = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${parts.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's').test(text)
}
