/** Whether a signature is in the form that ssh-keygen writes. ssh-keygen reads other forms too, and nothing else covers these bytes. */
export function isArmorAsWritten(signature: string): boolean {
  const [, body = ''] =
    /^-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/=\n]+)\n-----END SSH SIGNATURE-----\n$/.exec(signature) ??
    []
  const lines =
    Buffer.from(body, 'base64')
      .toString('base64')
      .match(/.{1,70}/g) ?? []
  return body !== '' && lines.join('\n') === body
}
