import type { App } from '../../app/open-app.ts'
import type { Home } from '../../app/open-home.ts'
import { Stop } from '../../domain/errors.ts'
import { type Finding, okay } from './finding.ts'

/** Connects to each configured target, and compares its grants with the expected ones. */
export function checkTargets(home: Home, app: App): Promise<Finding[]> {
  return Promise.all(
    Object.entries(app.config.targets).map(async ([name, { executorUrlEnv }]) => {
      try {
        return executorUrlEnv === undefined
          ? await checkMigrationTarget(home, app, name)
          : await checkCutTarget(app, name)
      } catch (error) {
        return failedTarget(name, error)
      }
    }),
  )
}

async function checkCutTarget(app: App, name: string): Promise<Finding> {
  const check = `target ${name}`
  const target = await app.target(name)
  const session = { runId: 'doctor', signal: app.deps.interrupt }
  const { survey } = await target.survey(session, '')
  const { wrong } = await target.grantFacts(session)
  if (wrong.length === 0 && survey.grantMatrixDigest === target.expectedGrantMatrixDigest)
    return okay(check, `PostgreSQL ${survey.server.version}, grants as expected`)
  return {
    check,
    status: 'fail',
    message: `its grants are not as expected: ${wrong.join('; ') || survey.grantMatrixDigest}`,
    next: `cutter target survey ${name}`,
  }
}

/** A target that is only migrated has none of Cutter's tables. */
async function checkMigrationTarget({ env }: Home, app: App, name: string): Promise<Finding> {
  const { openCheckReader, openMigrationTarget } = await import('../../builtin/migration-target.ts')
  const { readServerIdentity } = await import('../../effects/migrate/server-identity.ts')
  const database = await openMigrationTarget({ ...app, env }, name)
  const session = { runId: 'doctor', signal: app.deps.interrupt }
  const identity = await database.read(session, readServerIdentity)
  const reader = await openCheckReader({ ...app, env }, name)
  const asker = reader === null ? 'owner' : `reader ${(await reader.read(session, readServerIdentity)).role}`
  return okay(
    `target ${name}`,
    `PostgreSQL ${identity.version}, database ${identity.database} as ${identity.role}, for migrations; checks as ${asker}`,
  )
}

function failedTarget(name: string, error: unknown): Finding {
  const next = error instanceof Stop ? error.facts.next : (error as { next?: string }).next
  return {
    check: `target ${name}`,
    status: 'fail',
    message: (error as Error).message,
    ...(next === undefined ? {} : { next }),
  }
}
