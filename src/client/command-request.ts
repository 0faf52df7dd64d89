/** What a client sends of a command: the words of its user, and what its output goes to. */
export interface CommandRequest {
  /** Without the program itself. */
  argv: string[]
  /** Absolute path of the working folder of the client. */
  cwd: string
  terminal: {
    out: boolean
    err: boolean
    /** The width that lines are fitted to, in characters; null where nothing is cut or broken. */
    columns: number | null
    /** Whether the client's environment allows colours (NO_COLOR, TERM). */
    color: boolean
  }
  /** The file that `--out` names, which the client writes; null without one. */
  out: { path: string; exists: boolean } | null
  /** The files that the command reads, by the words that name them, as the service asked for them; null where the client has none. */
  files: { [given: string]: string | null }
}

/**
 * A file that a command reads: the word that names it, and whether its text is sent or, once it is uploaded, `upload:<sha256>`. Of a `folder` its SQL and YAML
 * files are uploaded.
 */
export interface NeededFile {
  given: string
  as: 'text' | 'upload' | 'folder'
}

/** The path to which commands are sent. */
export const COMMAND_PATH = '/api/v1/cli'
/** The path to which files are uploaded. */
export const UPLOAD_PATH = '/api/v1/uploads'
/** The path at which uploaded files become a folder. */
export const FOLDER_PATH = '/api/v1/uploads/folders'
