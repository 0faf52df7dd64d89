import { resolve } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import type { Config } from '../../config/load-config.ts'
import { documentIdFromFile } from '../../document/document-id.ts'

export interface ReadingInput {
  /** How the document is written; left out: as cutter.yaml says for this file, else detected. */
  profile?: string | undefined
  /** The id that addresses begin with; left out: as cutter.yaml says for this file, else from the file's name. */
  document?: string | undefined
}

/** Under which id and profile a file is read. */
interface ReadingChoice {
  document: string
  profile: string | undefined
}

/** Chooses id and profile for the first of some files: given ones first, then those that cutter.yaml registers with a file. */
export function chooseReading(
  { documents }: Pick<Config, 'documents'>,
  home: Pick<Home, 'folder'>,
  paths: string[],
  given: ReadingInput,
): ReadingChoice {
  const registered = Object.entries(documents)
  const found = paths
    .map((path) => registered.find(([, { source }]) => resolve(home.folder, source) === path))
    .find((entry) => entry !== undefined)
  return {
    document: given.document ?? found?.[0] ?? documentIdFromFile(paths[0]!),
    profile: given.profile ?? found?.[1].profile,
  }
}
