const MIB = 1024 * 1024

/** What callers may send, in bytes at most, by its kind. */
export const INPUT_LIMITS = {
  /** A document, or a file of another kind. */
  file: 64 * MIB,
  /** All files of a migration bundle. */
  folder: 64 * MIB,
  /** A git bundle, and the files of the commit that is deployed. */
  gitBundle: 256 * MIB,
  deployed: 2048 * MIB,
  /** A file of checks. */
  checks: MIB,
  /** The module of a machine. */
  machine: MIB,
}

/** Files of a migration bundle, and of the commit that is deployed, at most. */
export const COUNT_LIMITS = { folder: 1_000, deployed: 200_000 }

/** The first line of a git bundle (gitformat-bundle(5)). */
export const GIT_BUNDLE = /^# v[23] git bundle\n/
