import { readFileSync, rmSync } from 'node:fs'
import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import type { Tool } from '../../tools/open-tools.ts'
import { runTool } from '../system/run-tool.ts'
import type { Sql } from '../target.ts'
import { type DumpDefinition, readDefinitions } from './dump-definitions.ts'
import type { MigrationDatabase, MigrationLimits } from './migration-database.ts'
import { splitLibpqUrl } from './pg-tools.ts'
import { type LeftOut, MOST_OUTPUT, readFaults } from './restore-faults.ts'

export type { LeftOut }

/** The files of a restore. */
interface RestoreFiles {
  /** The dump. */
  path: string
  /** A new file for its definitions as SQL; it is removed again. */
  definitions: string
  /** The folder in which pg_restore runs. */
  cwd: string
}

/**
 * Restores a dump by the login of a role without power, so that code in it (in a CHECK, an index, a materialized view) has none either.
 * pg_restore makes everything but the privileges. What the server denies such a role is left out and named. Privileges follow in a
 * session of the same role: pg_dump writes SET SESSION AUTHORIZATION for those that others granted, which only a superuser may use.
 * Materialized views that need these privileges are filled last.
 * @throws STOP_BACKUP_FAILED when anything else fails
 */
export async function restoreUnprivileged(
  context: EffectContext,
  tool: Tool,
  files: RestoreFiles,
  into: MigrationDatabase,
): Promise<LeftOut[]> {
  const { signal } = context
  const { address, password } = splitLibpqUrl(into.url(), {
    applicationName: `cutter ${context.runId}`,
    // Code in the dump could otherwise write lines of its own among those of pg_restore.
    options: '-c client_min_messages=error -c jit=off',
  })
  // Only with --verbose it names the entry of an error.
  const restore = ['--no-password', '--no-tablespaces', '--no-subscriptions', '--no-acl', '--verbose']
  const { code, stderr } = await runTool(tool, [...restore, `--dbname=${address}`], {
    password,
    signal,
    input: files.path,
    cwd: files.cwd,
    keep: MOST_OUTPUT,
  })
  const { leftOut, unfilled, faults } = code === 0 ? NO_FAULTS : readFaults(stderr)
  if (faults.length > 0) throw restoreFailedError(into.name, faults)
  const entries = await listDefinitions(tool, context, files)
  return into.session(context, LIMITS, async (sql) => {
    await revokeForRestore(sql)
    const denied: LeftOut[] = []
    for (const { type, name, text } of entries.filter(isPrivilege)) {
      if (!(await runDefinition(sql, text))) denied.push({ kind: type, name })
    }
    for (const { name, text } of entries.filter((one) => isUnfilled(one, unfilled))) {
      if (!(await runDefinition(sql, text)))
        throw restoreFailedError(into.name, [`the materialized view ${name} can’t be filled`])
    }
    return [...leftOut, ...denied]
  })
}

const NO_FAULTS = { leftOut: [], unfilled: [], faults: [] }

/** A restore takes as long as its data need. */
const LIMITS: MigrationLimits = { lockTimeoutMs: 60_000, statementTimeoutMs: 0 }

async function listDefinitions(
  tool: Tool,
  { signal }: EffectContext,
  { path, definitions, cwd }: RestoreFiles,
): Promise<DumpDefinition[]> {
  rmSync(definitions, { force: true })
  try {
    const sections = ['--section=pre-data', '--section=post-data']
    await runTool(tool, [...sections, '--file=-'], { signal, input: path, output: definitions, cwd })
    return readDefinitions(readFileSync(definitions, 'utf8'))
  } finally {
    rmSync(definitions, { force: true })
  }
}

const isPrivilege = ({ type }: DumpDefinition) => type === 'ACL' || type === 'DEFAULT ACL'

const isUnfilled = ({ type, name }: DumpDefinition, unfilled: string[]) =>
  type === 'MATERIALIZED VIEW DATA' && unfilled.includes(name)

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
      next: 'a missing extension or locale: name a rehearsal server that has it (targets.<name>.rehearsalUrlEnv) and start another run; anything else: fix it, then resume the run',
      data: { faults: faults.slice(0, 20) },
    },
  )
}
