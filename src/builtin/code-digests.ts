/** Set by the build: SHA-256 of each machine's bundled code, chart and effects alike. Tests run from source have none. */
declare const CODE_DIGESTS: { [machine: string]: string } | undefined

export const BUILT_DIGESTS: { [machine: string]: string } =
  typeof CODE_DIGESTS === 'undefined' ? {} : CODE_DIGESTS
