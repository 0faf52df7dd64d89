declare const CUTTER_VERSION: string | undefined

/** The version of this build; `0.0.0-source` where it runs from its sources. */
export const VERSION = typeof CUTTER_VERSION === 'undefined' ? '0.0.0-source' : CUTTER_VERSION
