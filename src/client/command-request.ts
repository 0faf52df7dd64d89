/** What a client sends of a command: the words of its user, and what its output goes to. */
export interface CommandRequest {
  /** Without the program itself. */
  argv: string[]
  /** Absolute path of the working folder of the client. */
  cwd: string
  terminal: {
    out: boolean
    err: boolean
    /** Width of the terminal in characters; null where stdout is none. */
    columns: number | null
    /** Whether the client's environment allows colours (NO_COLOR, TERM). */
    color: boolean
  }
  /** The file that `--out` names, which the client writes; null without one. */
  out: { path: string; exists: boolean } | null
}

/** The path to which commands are sent. */
export const COMMAND_PATH = '/api/v1/cli'
