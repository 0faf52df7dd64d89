/** Set by the build: SHA-256 of the bundled code (chart and effects) of each machine, and of the helpers. Undefined in runs from source. */
declare const CODE_DIGESTS: { [machine: string]: string } | undefined

/** Definition digests of this build, by machine; `helpers` is the digest of the helpers for users' machines. Empty in runs from source. */
export const BUILT_DIGESTS: { [machine: string]: string } =
  typeof CODE_DIGESTS === 'undefined' ? {} : CODE_DIGESTS
