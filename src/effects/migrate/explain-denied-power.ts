import { Stop } from '../../domain/errors.ts'
import { DATA_ROLES, isApproved, OF_PROVIDERS, READS_PASSWORDS } from '../../domain/rehearsal-powers.ts'
import { statementWords } from '../../domain/statement-words.ts'
import type { MigrationBundle } from '../../migration/migration-bundle.ts'
import { parseStatements, type SqlStatement } from '../../migration/sql-statements.ts'
import type {
  ExtensionProfile,
  RoleProfile,
  SourceProfile,
} from '../../targets/postgres/rehearsal-database.ts'

/** The SQLSTATE of a denied privilege, and those of an object that is not there. */
const DENIED = '42501'
const MISSING = ['42704', '42P01', '42883', '3F000']

interface Refused {
  sqlState: string | null
  line: number | null
  of: 'script' | 'rollback' | 'statement'
}

/**
 * Does the work of a rehearsal. On a copy no role has power over the server, because code of others runs there. So a statement that needs such
 * power fails on the copy, and one about an object that the copy lacks for want of it, although the target would run both. That is no fault of
 * the bundle, and no setting of the rehearsal server helps.
 * @param given.role the role that migrates, on the target
 * @param given.findLacking names the objects that the target has and the copy lacks
 * @throws STOP_REHEARSAL_NOT_REPRESENTATIVE instead of the error of such a statement; it names the statement and the way that helps
 */
export async function explainDeniedPower<T>(
  given: {
    bundle: MigrationBundle
    role: string
    profile: Pick<SourceProfile, 'roles' | 'extensions'>
    findLacking(): Promise<string[]>
  },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Stop) || error.facts.code !== 'STOP_MIGRATION_FAILED') throw error
    const refused = error.facts.data as Partial<Refused> | undefined
    const why = await findReason(given, refused?.sqlState ?? '', error.message)
    if (why === null) throw error
    const isRollback = refused!.of === 'rollback'
    const file = isRollback ? given.bundle.spec.rollback : given.bundle.spec.migration.file
    const statement = await findStatement(file, given.bundle.texts[file]!, refused!.line ?? null)
    throw new Stop(
      'STOP_REHEARSAL_NOT_REPRESENTATIVE',
      `${describe(file, statement)} can’t be rehearsed: ${why}; ${error.message}; the target was not changed`,
      {
        next: isRollback ? AFTER_ROLLBACK : wayAround(statement),
        data: { ...refused, statement: statement?.number ?? null },
        cause: error,
      },
    )
  }
}

async function findReason(
  { role, profile, findLacking }: Parameters<typeof explainDeniedPower>[0],
  sqlState: string,
  message: string,
): Promise<string | null> {
  if (sqlState === DENIED && mayHavePower(role, profile)) {
    const has = profile.roles.some(({ name, superuser }) => name === role && superuser) ? 'has' : 'may have'
    return `it needs a power that ${role} ${has} on the target and nobody has on a copy, because code of others runs there`
  }
  if (!MISSING.includes(sqlState)) return null
  const lacking = (await findLacking()).find((name) => isNamed(name, message))
  return lacking === undefined
    ? null
    : `the copy lacks ${lacking}, which only a superuser can create, or which bundle.yaml accepts as a deviation`
}

/** A message names an object with or without its schema. */
function isNamed(name: string, message: string): boolean {
  const bare = name.slice(name.lastIndexOf(' ') + 1)
  return [bare, bare.slice(bare.lastIndexOf('.') + 1)].some((one) => message.includes(`"${one}"`))
}

/** Whether a role of the target may do what its copy may not. Memberships alone do not show what the statement needs. */
function mayHavePower(
  role: string,
  { roles, extensions = [] }: { roles: RoleProfile[]; extensions?: ExtensionProfile[] },
): boolean {
  const seen = new Set<string>()
  const follow = (name: string): boolean => {
    if (seen.has(name)) return false
    seen.add(name)
    if (OF_PROVIDERS.includes(name) || extensions.some(({ owner }) => owner === name)) return true
    if (name.startsWith('pg_')) return !DATA_ROLES.includes(name) && name !== READS_PASSWORDS
    const found = roles.find((one) => one.name === name)
    return found !== undefined && (found.superuser || found.memberOf.some(follow))
  }
  return follow(role)
}

async function findStatement(file: string, text: string, line: number | null): Promise<SqlStatement | null> {
  const parsed = line === null ? null : await parseStatements(file, text)
  if (parsed === null || 'fault' in parsed) return null
  return parsed.statements.findLast((one) => one.line <= line!) ?? null
}

const describe = (file: string, statement: SqlStatement | null) =>
  statement === null
    ? `a statement of ${file}`
    : `statement ${statement.number} of ${file} (line ${statement.line}, ${statementWords(statement.kind)})`

const AFTER_ROLLBACK =
  'leave the statement out of the rollback in a new migration bundle, say there in a comment who runs it by hand after a rollback, and start another run'

/** What a statement does lasts, so that a superuser can run it before; a setting ends with its session. */
function wayAround(statement: SqlStatement | null): string {
  if (statement?.kind === 'VariableSetStmt')
    return 'write the script without this setting in a new migration bundle, and start another run'
  const before =
    statement === null || statement.number === 1
      ? ''
      : 'where it needs what comes before it, migrate that first, with a bundle of its own; '
  return `${before}let somebody with that power run this statement on the target by hand, leave it out in a new migration bundle, and start another run: ${copyAfterwards(statement)}`
}

function copyAfterwards(statement: SqlStatement | null): string {
  const name = statement?.kind === 'CreateExtensionStmt' ? String(statement.node.extname) : null
  if (name !== null && !isApproved(name))
    return `a copy does without this extension, once bundle.yaml accepts it (deviations: [extension ${name}])`
  if (
    name !== null ||
    JSON.stringify(statement?.node ?? '').includes('OBJECT_EXTENSION') ||
    /Extension/.test(statement?.kind ?? '')
  )
    return 'its copy has the extensions of the target, in their versions'
  return 'its copy is made of the target as it is then, and the plan names what the copy does without'
}
