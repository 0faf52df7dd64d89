import { readFileSync, rmSync } from 'node:fs'
import type { EffectContext } from '../../domain/effect.ts'
import type { Tool } from '../../tools/open-tools.ts'
import { runTool } from '../system/run-tool.ts'
import type { Sql } from '../target.ts'
import { type DumpDefinition, readDefinitions } from './dump-definitions.ts'
import { fillTables } from './fill-tables.ts'
import type { MigrationDatabase, MigrationLimits } from './migration-database.ts'
import { rejectedRowsError, restoreFailedError, unacceptedRulesError } from './restore-errors.ts'
import type { FailedDefinition, LeftOut, UnfilledTable } from './restore-faults.ts'
import { type RestoreNeed, type Setting, settingsToTry, whereOf, withSettings } from './restore-needs.ts'
import { joinFaults, openRestore, type RestoreFiles } from './run-restore.ts'
import { writeTableRows } from './table-rows-file.ts'

export type { LeftOut }

/** What a restore did otherwise than pg_restore by a superuser would. */
export interface RestoredDump {
  leftOut: LeftOut[]
  needs: RestoreNeed[]
}

/**
 * Restores a dump by the login of a role without power, so that code in it (in a CHECK, an index, a materialized view) has none either.
 * pg_restore makes everything but the privileges. What the server denies such a role is left out and named. Privileges follow in a
 * session of the same role: pg_dump writes SET SESSION AUTHORIZATION for those that others granted, which only a superuser may use.
 * Rows that failed are tried again before the definitions that come after them. Definitions that failed, and materialized views that could not
 * be filled, are tried again last. Both get the settings of the source.
 * @throws STOP_BACKUP_FAILED when anything fails that `deviations` do not name
 * @throws STOP_REHEARSAL_NOT_REPRESENTATIVE when a rule rejects rows that the source has, and `deviations` do not name it
 */
export async function restoreUnprivileged(
  context: EffectContext,
  tool: Tool,
  files: RestoreFiles,
  into: MigrationDatabase,
  options: RestoreOptions,
): Promise<RestoredDump> {
  const restore = openRestore(context, tool, files, into)
  const filled = await restore.fill()
  if (filled.faults.length > 0) throw restoreFailedError(into.name, filled.faults, filled.leftOut)
  const ofRows = await fillAgain({ context, tool, files, into }, filled.unfilledTables, options)
  const { leftOut, unfilled, failed, faults } = joinFaults(filled, await restore.complete())
  if (faults.length > 0) throw restoreFailedError(into.name, faults, leftOut)
  const entries = await listDefinitions(tool, context, files)
  return into.session(context, LIMITS, async (sql) => {
    await revokeForRestore(sql)
    const denied: LeftOut[] = []
    for (const { type, name, text } of entries.filter(isPrivilege)) {
      if (!(await runDefinition(sql, text))) denied.push({ kind: type, name })
    }
    const again = [...failed, ...unfilled.map(unfilledView)]
    const tries = await settingsToTry(sql, options)
    const { remaining, needs } = await runFailed(sql, entries, again, tries)
    const fatal = remaining.filter(({ title }) => !options.deviations.some((name) => isEntryOf(name, title)))
    if (fatal.length > 0)
      throw restoreFailedError(
        into.name,
        fatal.flatMap(({ errors }) => errors),
        leftOut,
      )
    return { leftOut: [...leftOut, ...denied], needs: [...ofRows, ...needs] }
  })
}

/** How a database is restored that can't be equal to its source. */
export interface RestoreOptions {
  /** Settings of the source's sessions, its search path among them. */
  settings: Setting[]
  /** The role of these sessions. */
  role: string
  /** Objects that may be missing or differ, by their names in the catalogue. */
  deviations: string[]
}

interface Restoring {
  context: EffectContext
  tool: Tool
  files: RestoreFiles
  into: MigrationDatabase
}

async function fillAgain(
  { context, tool, files, into }: Restoring,
  unfilled: UnfilledTable[],
  options: RestoreOptions,
): Promise<RestoreNeed[]> {
  if (unfilled.length === 0) return []
  const { args, input, cwd, definitions } = files
  const source = { args, cwd, signal: context.signal, ...(input === undefined ? {} : { input }) }
  let written = 0
  const { needs, rejected } = await into.session(context, LIMITS, (sql) =>
    fillTables(sql, {
      unfilled,
      ...options,
      write: (table) => {
        written += 1
        return writeTableRows(tool, table, source, `${definitions}.rows-${written}`)
      },
    }),
  )
  if (rejected.length > 0) throw rejectedRowsError(into.name, rejected)
  const refused = needs.filter(
    ({ without = [] }) =>
      !without.every(({ objects }) => objects.every((name) => options.deviations.includes(name))),
  )
  if (refused.length > 0) throw unacceptedRulesError(refused)
  const found = needs.map(({ table }) => table?.table)
  const lost = unfilled.filter(({ table }) => !found.includes(table))
  if (lost.length > 0)
    throw restoreFailedError(
      into.name,
      lost.map(({ table, error }) => `${table}: ${error}`),
    )
  return needs
}

const unfilledView = (name: string): FailedDefinition => ({
  title: `MATERIALIZED VIEW DATA ${name}`,
  errors: [`the materialized view ${name} can’t be filled`],
})

/** Runs definitions again that pg_restore could not run, each with the first settings with which it works. */
async function runFailed(
  sql: Sql,
  entries: DumpDefinition[],
  failed: FailedDefinition[],
  tries: Setting[][],
): Promise<{ remaining: FailedDefinition[]; needs: RestoreNeed[] }> {
  const needs: RestoreNeed[] = []
  let remaining = failed
  for (let before = -1; remaining.length > 0 && remaining.length !== before; ) {
    before = remaining.length
    const still: FailedDefinition[] = []
    for (const one of remaining) {
      const entry = entries.find(({ type, name }) => `${type} ${name}` === one.title)
      const settings = entry === undefined ? null : await firstThatRuns(sql, entry.text, tries)
      if (settings === null) still.push(one)
      // Without settings it only lacked something that is there by now, as it is when a superuser restores everything.
      else if (settings.length > 0) needs.push(needOf(one, settings))
    }
    remaining = still
  }
  return { remaining, needs }
}

async function firstThatRuns(sql: Sql, text: string, tries: Setting[][]): Promise<Setting[] | null> {
  for (const settings of tries) {
    try {
      await withSettings(sql, settings, () => sql.query(text))
      return settings
    } catch (error) {
      if ((error as { severity?: string }).severity !== 'ERROR') throw error
    }
  }
  return null
}

const needOf = ({ title, errors, functions = [] }: FailedDefinition, settings: Setting[]): RestoreNeed => ({
  what: title,
  because: `${errors[0]!.replace(/^pg_restore: error: (?:could not execute query: )?(?:ERROR: +)?/, '')}${whereOf(functions)}`,
  settings,
})

/** Whether an entry of a dump, such as `INDEX x_n`, defines an object of the catalogue, such as `index public.x_n`. */
function isEntryOf(object: string, title: string): boolean {
  const [, kind, name] =
    /^(materialized view|foreign table|foreign-data wrapper|\S+) (.*)$/.exec(object) ?? []
  if (kind === undefined) return false
  const inSchema = name!.slice(name!.indexOf('.') + 1)
  const kindOfDump = kind === 'language' ? 'PROCEDURAL LANGUAGE' : kind.replace('-', ' ').toUpperCase()
  const words = [name!, inSchema, inSchema.replace('.', ' ')]
  return words.some((word) =>
    [
      `${kindOfDump} ${word}`,
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
