/** One path of the artifact. */
export interface ArtifactEntry {
  /** Relative to the artifact's root, without a slash at its end. */
  path: string
  type: 'file' | 'directory' | 'symlink'
  /** Permission bits. */
  mode: number
  /** Bytes. */
  size: number
  /** For a file: SHA-256 of its bytes, 64 hex digits. */
  sha256?: string
  /** For a link: where it points. */
  target?: string
}

/** A fault or a warning about one path of the artifact. */
export interface ArtifactFinding {
  rule:
    | 'secret'
    | 'cache'
    | 'git'
    | 'link'
    | 'name'
    | 'kind'
    | 'duplicate'
    | 'submodule'
    | 'large-file-pointer'
    | 'attributes'
  path: string
  /** `refused`: the artifact can't be used. `warn`: the finding is reported, and the deploy continues. */
  severity: 'refused' | 'warn'
  why: string
  /** The pinned id that an allowance must name: the commit of a submodule, or the object of a git-lfs pointer. */
  id?: string
  /** No allowance helps, because the deploy itself could not work with it. */
  fixed?: true
}
