import type { Json } from '../domain/json.ts'
import { isCommands, type PlannedCommand } from '../domain/planned-command.ts'

/** Fields of shipped plans whose names say too little. Digests say what they are of. */
const WORDS: { [field: string]: string } = {
  after: 'after the unit',
  afterCommit: 'after the commit',
  argv: 'command',
  beforeCommit: 'before the commit',
  bytes: 'size in bytes',
  commencesOn: 'commences on',
  confirmSeconds: 'seconds to log in again',
  contentHash: 'digest of its text',
  differences: 'differences in files',
  gitClean: 'git has nothing uncommitted there',
  gitHead: 'commit that git has there',
  governanceRows: 'rows of record',
  hostKey: 'key of the host',
  leaves: 'what stays other than before',
  lifecycleStatus: 'status',
  listDigest: 'digest of the list of files',
  machine: 'processor',
  machineId: 'id of the computer',
  machineVersion: 'version of the machine',
  madeDigest: 'digest of what the migration made',
  ofPlan: 'digest of the plan of that deploy',
  ofRun: 'of run',
  oldContentHash: 'digest of the text in force',
  ours: 'entries of this deploy',
  parent: 'is in',
  pendingHash: 'digest of its next draft',
  prefix: 'folder of the repository',
  previous: 'releases before',
  serverVersion: 'version of PostgreSQL',
  sha256: 'digest of its bytes (SHA-256)',
  shapeHash: 'digest of its names and rights',
  since: 'compared with',
  sourceVersionId: 'id of the source version',
  systemIdentifier: 'id of the server',
  tree: 'digest of the files of the commit',
  treeHash: 'digest of its files',
  touches: 'schemas and tables that it touches',
  uid: 'id of the user',
  unread: 'what could not be read',
  versionSeq: 'version',
  versionStatus: 'status of its version',
}

/** What Cutter's own commands on a host do. Those of a checks file have the names that it gives them. */
const COMMANDS: { [id: string]: string } = {
  activate: 'starts the new program',
  confirm: 'confirms that the host can be reached',
  discard: 'removes the staging folder',
  extract: 'extracts the archive in staging',
  'link-shared': 'links the shared paths',
  promote: 'puts the new folder in its place',
  'remove-listed': 'removes what the deploy made',
  'remove-old': 'removes old releases',
  'remove-outside': 'removes the folders that were made outside of the new folder, if they are empty',
  send: 'sends a file to the host',
  skeleton: 'makes folders and files in the new folder',
  'skeleton-outside': 'makes folders outside of the new folder',
  stage: 'makes the staging folder',
  switch: 'makes the new release live',
  'switch-back': 'makes the earlier release live again',
  withdraw: 'takes the new folder out of its place',
}

/** Below these fields the names are those of others: files, tables, columns. */
const OF_OTHERS = new Set(['files', 'rows', 'columns', 'locks'])

/** A part of a shipped plan with its fields in words. Names of others and all values stay as they are. */
export function inOurWords(value: Json, areOthers = false): Json {
  if (isCommands(value)) return (value as PlannedCommand[]).map(withMeaning)
  if (Array.isArray(value)) return value.map((item) => inOurWords(item))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([field, item]) => [
      areOthers ? field : wordsOf(field),
      inOurWords(item, !areOthers && OF_OTHERS.has(field)),
    ]),
  )
}

const withMeaning = ({ id, argv, ...rest }: PlannedCommand): Json =>
  Object.hasOwn(COMMANDS, id) ? { id, argv, does: COMMANDS[id]!, ...rest } : { id, argv, ...rest }

/** The words of a field, such as `lock timeout seconds`. */
const wordsOf = (field: string) =>
  Object.hasOwn(WORDS, field)
    ? WORDS[field]!
    : /^[a-z]+(?:[A-Z][a-z]*)+$/.test(field)
      ? field.replace(/[A-Z]/g, (sign) => ` ${sign.toLowerCase()}`)
      : field
