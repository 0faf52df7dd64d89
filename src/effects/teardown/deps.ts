import type { MigrationRehearsalDatabases } from '../../targets/postgres/rehearsal-databases.ts'

/** What the effects of a teardown depend on. */
export interface TeardownDeps {
  rehearsalDatabases: Pick<MigrationRehearsalDatabases, 'list' | 'drop'>
  /** Whether a run is closed or unknown to this home. An open run may still need its rehearsal database. */
  isRunClosed(runId: string): Promise<boolean>
}
