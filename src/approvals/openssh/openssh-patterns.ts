/**
 * OpenSSH's pattern lists (PATTERNS in ssh_config(5)), as they stand in allowed_signers for principals and namespaces: `*` and
 * `?` stand for characters, and a pattern with `!` in front takes away what another one gave.
 */
export function matchesList(patterns: string[], text: string): boolean {
  const matching = patterns.filter((pattern) => matches(pattern.replace(/^!/, ''), text))
  return matching.length > 0 && matching.every((pattern) => !pattern.startsWith('!'))
}

export const isPattern = (text: string) => /[*?]/.test(text)

function matches(pattern: string, text: string): boolean {
  const parts = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${parts.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's').test(text)
}
