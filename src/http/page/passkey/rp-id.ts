/**
 * The RP id under which passkeys of this page are made: the longest one of the policy that fits the name of the host, else that name.
 * @param rpIds those of the policy; null when it names none
 * @returns null for an address without a name, under which browsers make no passkeys, and where none of the policy fits
 */
export function rpIdOf(hostname: string, rpIds: string[] | null): string | null {
  if (/^[\d.]+$|:|^\[/.test(hostname)) return null
  if (rpIds === null) return hostname
  const fitting = rpIds.filter((rpId) => hostname === rpId || hostname.endsWith(`.${rpId}`))
  return fitting.sort((a, b) => b.length - a.length)[0] ?? null
}
