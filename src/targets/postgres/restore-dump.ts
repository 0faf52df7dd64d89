import { readFileSync, rmSync } from 'node:fs'
import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import type { Tool } from '../../tools/open-tools.ts'
import { runTool } from '../system/run-tool.ts'
import type { Sql } from '../target.ts'
import { type DumpDefinition, readDefinitions } from './dump-definitions.ts'
import type { MigrationDatabase, MigrationLimits } from './migration-database.ts'
import type { FailedDefinition, LeftOut } from './restore-faults.ts'
import { type RestoreFiles, runRestore } from './run-restore.ts'

export type { LeftOut }

/**
 * Restores a dump by the login of a role without power, so that code in it (in a CHECK, an index, a materialized view) has none either.
 * pg_restore makes everything but the privileges. What the server denies such a role is left out and named. Privileges follow in a
 * session of the same role: pg_dump writes SET SESSION AUTHORIZATION for those that others granted, which only a superuser may use.
 * Definitions that failed, and materialized views that could not be filled, are tried again last, with the search path of the source.
 * @throws STOP_BACKUP_FAILED when anything fails that `deviations` do not name
 */
export async function restoreUnprivileged(
  context: EffectContext,
  tool: Tool,
  files: RestoreFiles,
  into: MigrationDatabase,
  { searchPath, deviations }: RestoreOptions,
): Promise<LeftOut[]> {
  const { leftOut, unfilled, failed, faults } = await runRestore(context, tool, files, into)
  if (faults.length > 0) throw restoreFailedError(into.name, faults)
  const entries = await listDefinitions(tool, context, files)
  return into.session(context, LIMITS, async (sql) => {
    await revokeForRestore(sql)
    const denied: LeftOut[] = []
    for (const { type, name, text } of entries.filter(isPrivilege)) {
      if (!(await runDefinition(sql, text))) denied.push({ kind: type, name })
    }
    // A dump is restored with an empty search path. The application's own may be what a function needs.
    await sql.query('select pg_catalog.set_config($1, $2, false)', ['search_path', searchPath])
    const remaining = [
      ...(await runFailed(sql, entries, failed)),
      ...(await runFailed(
        sql,
        entries,
        unfilled.map((name) => ({
          title: `MATERIALIZED VIEW DATA ${name}`,
          errors: [`the materialized view ${name} can’t be filled`],
        })),
      )),
    ]
    const fatal = remaining.filter(({ title }) => !deviations.some((name) => isEntryOf(name, title)))
    if (fatal.length > 0)
      throw restoreFailedError(
        into.name,
        fatal.flatMap(({ errors }) => errors),
      )
    return [...leftOut, ...denied]
  })
}

/** How a database is restored that can't be equal to its source. */
export interface RestoreOptions {
  /** The search path of the source's sessions. */
  searchPath: string
  /** Objects that may be missing or differ, by their names in the catalogue. */
  deviations: string[]
}

/** Runs definitions again that pg_restore could not run. Returns those that fail again. */
async function runFailed(
  sql: Sql,
  entries: DumpDefinition[],
  failed: FailedDefinition[],
): Promise<FailedDefinition[]> {
  const remaining: FailedDefinition[] = []
  for (const one of failed) {
    const entry = entries.find(({ type, name }) => `${type} ${name}` === one.title)
    if (entry === undefined || !(await runDefinition(sql, entry.text))) remaining.push(one)
  }
  return remaining
}

/** Whether an entry of a dump, such as `INDEX x_n`, defines an object of the catalogue, such as `index public.x_n`. */
function isEntryOf(object: string, title: string): boolean {
  const [, kind, name] =
    /^(materialized view|foreign table|foreign-data wrapper|\S+) (.*)$/.exec(object) ?? []
  if (kind === undefined) return false
  const inSchema = name!.slice(name!.indexOf('.') + 1)
  const words = [name!, inSchema, inSchema.replace('.', ' ')]
  return words.some((word) =>
    [
      `${kind.replace('-', ' ').toUpperCase()} ${word}`,
      `${kind.toUpperCase()} DATA ${word}`,
      `${kind.toUpperCase()} ATTACH ${word}`,
    ].some(
      (start) =>
        title === start ||
        title === `COMMENT ${start}` ||
        ((kind === 'constraint' || kind === 'server') && title.endsWith(` ${start}`)),
    ),
  )
}

/** A restore takes as long as its data need. */
const LIMITS: MigrationLimits = { lockTimeoutMs: 60_000, statementTimeoutMs: 0 }

async function listDefinitions(
  tool: Tool,
  { signal }: EffectContext,
  { args, input, definitions, cwd }: RestoreFiles,
): Promise<DumpDefinition[]> {
  rmSync(definitions, { force: true })
  try {
    const sections = ['--section=pre-data', '--section=post-data']
    await runTool(tool, [...sections, '--file=-', ...args], {
      signal,
      ...(input === undefined ? {} : { input }),
      output: definitions,
      cwd,
    })
    return readDefinitions(readFileSync(definitions, 'utf8'))
  } finally {
    rmSync(definitions, { force: true })
  }
}

const isPrivilege = ({ type }: DumpDefinition) => type === 'ACL' || type === 'DEFAULT ACL'

/** Returns false when the server rejects a part of it; then nothing of it remains. */
async function runDefinition(sql: Sql, text: string): Promise<boolean> {
  try {
    // Both statements take the role of the grantor; this one is allowed to its members.
    const asRole = text
      .replaceAll(/^SET SESSION AUTHORIZATION (?!DEFAULT)/gm, 'SET ROLE ')
      .replaceAll(/^RESET SESSION AUTHORIZATION;$/gm, 'RESET ROLE;')
    await sql.query(asRole)
    return true
  } catch (error) {
    if ((error as { severity?: string }).severity !== 'ERROR') throw error
    await sql.query('reset role')
    return false
  }
}

/** Takes back what let each owner receive its objects: see `furnishDatabase`. No other privileges on schemas exist yet. */
async function revokeForRestore(sql: Sql): Promise<void> {
  const { rows } = await sql.query<{ text: string }>(`
    select format('revoke create on schema %I from %I', nspname, pg_get_userbyid(grantee)) as text
    from pg_namespace, aclexplode(nspacl)
    where grantee <> 0 and grantee <> nspowner and privilege_type = 'CREATE' and pg_has_role(nspowner, 'member')
    union all
    select format('alter default privileges revoke create on schemas from %I', pg_get_userbyid(grantee))
    from pg_default_acl, aclexplode(defaclacl)
    where defaclrole = current_user::regrole and defaclobjtype = 'n' and grantee <> defaclrole`)
  for (const { text } of rows) await sql.query(text)
}

function restoreFailedError(name: string, faults: string[]): Stop {
  return new Stop(
    'STOP_BACKUP_FAILED',
    `the backup could not be restored into ${name}: ${faults.slice(0, 3).join(' ')}`,
    {
      next: 'a missing extension or locale: name a rehearsal server that has it (targets.<name>.rehearsalUrlEnv) and start another run; an object that can’t be restored: name it under deviations in bundle.yaml, such as `index public.unit_name`, and start another run; anything else: fix it, then resume the run',
      data: { faults: faults.slice(0, 20) },
    },
  )
}
