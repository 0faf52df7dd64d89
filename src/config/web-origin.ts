/**
 * Tells whether a text is a web origin at which passkeys work: `https://host[:port]`, or `http://localhost[:port]`, in the form in which
 * browsers write it (RFC 6454, section 6.2; Web Authentication, section 5.1).
 */
export function isWebOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  if (url.origin !== text) return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && url.hostname === 'localhost')
}

/** Tells whether a text can be the RP id of a passkey: a host name in small letters. */
export function isRpId(text: string): boolean {
  return /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(text)
}
