import { type Scan, scanDocument } from '../../src/document/scan.ts'

/** Scans a text as document DOC. */
export function scanText(text: string, profile?: Parameters<typeof scanDocument>[1]['profile']): Scan {
  return scanDocument(
    Buffer.from(text),
    profile === undefined ? { document: 'DOC' } : { document: 'DOC', profile },
  )
}

/** Lists the records of a text, one line each. */
export function shape(text: string, profile?: Parameters<typeof scanDocument>[1]['profile']): string[] {
  return scanText(text, profile).records.map(
    ({ kind, address, heading }) => `${kind} ${address ?? '-'} ${heading ?? '-'}`,
  )
}

/** Lists the addresses of units and excluded units. */
export function addresses(
  text: string,
  profile?: Parameters<typeof scanDocument>[1]['profile'],
): (string | null)[] {
  return scanText(text, profile)
    .records.filter(({ kind }) => kind === 'unit' || kind === 'excluded')
    .map(({ address }) => address)
}

/** Lists the problem codes: `!` behind one that stops a cut, `?` behind one that needs to be accepted. */
export function problemCodes(text: string): string[] {
  return scanText(text).problems.map(
    ({ code, severity }) => `${code}${{ stops: '!', 'needs-accept': '?', note: '' }[severity]}`,
  )
}
