/** Names a rehearsal database. `place` is its server: `embedded`, or the target whose rehearsal server it is. */
export interface RehearsalDatabaseRef {
  place: string
  database: string
}

/** What Cutter knows of a rehearsal database; kept with it. */
export interface RehearsalDatabaseFacts extends RehearsalDatabaseRef {
  runId: string
  target: string
  source: { systemIdentifier: string; database: string }
  /** ISO 8601. */
  madeAt: string
  roles: string[]
  /** Set before something is rehearsed on it: from then on its contents are not those of the backup. */
  used?: true
}

/** What a rehearsal database must be created with, so that it behaves like its source. */
export interface SourceProfile {
  encoding: string
  collate: string
  ctype: string
  /** c (libc), i (ICU) or b (builtin); `locale` is that of the latter two. */
  provider: string
  locale: string | null
  /** The owner of the database and the privileges on it (null: of everybody), because a dump does not hold them. */
  owner: string
  rights: Right[]
  /** Settings of the database and of the migrating role in it. */
  settings: [name: string, value: string][]
  roles: RoleProfile[]
  /** Those of the source, because a restore as an unprivileged role can't create them all. Earlier versions did not record them. */
  extensions?: ExtensionProfile[]
  /** Whether policies hide rows, or the migration may make some, so that it matters who bypasses them. Earlier versions did not record it. */
  policies?: boolean
  /** The schema public, which every new database has; null where the source has none. Earlier versions did not record it. */
  publicSchema?: { owner: string; comment: string | null; rights: Right[] } | null
}

/** A privilege, and who has it; null: everybody. */
export interface Right {
  right: string
  to: string | null
}

/** A role of the source, without its login. */
export interface RoleProfile {
  name: string
  superuser: boolean
  createRole: boolean
  createDatabase: boolean
  bypassRls: boolean
  memberOf: string[]
  /** Whether objects belong to it, or it migrates. */
  needed?: boolean
}

/** An extension of the source. */
export interface ExtensionProfile {
  name: string
  version: string
  owner: string
  schema: string
  schemaOwner: string
  /** Whether a rehearsal database may lack it. */
  mayLack?: boolean
}
