import { describe, expect, test } from 'vitest'
import type { EffectContext } from '../../../../src/domain/effect.ts'
import type { MigrateDeps } from '../../../../src/effects/migrate/deps.ts'
import { applyMigration } from '../../../../src/effects/migrate/phases/apply-migration.ts'

const NOW = '2026-03-01T10:00:00.000Z'

/** A context whose evidence is JSON by name. */
function contextWith(evidence: { [digest: string]: object }): EffectContext {
  return {
    runId: 'mig-1',
    machine: 'migrate',
    version: '1',
    mode: 'live',
    seq: 9,
    startedBy: 'alice',
    token: { run: 'mig-1', seq: 9, attempt: 1 },
    deadline: new Date('2030-01-01T00:00:00.000Z'),
    signal: new AbortController().signal,
    assertClaimed: async () => undefined,
    now: () => new Date(NOW),
    evidence: async (digest) => Buffer.from(JSON.stringify(evidence[digest])),
    approval: async () => null,
    progress: () => undefined,
  }
}

const given = {
  target: 'shop',
  bundleDigest: 'bundle',
  identityDigest: 'identity',
  backupDigest: 'backup',
  catalogueDigest: 'catalogue',
  rehearsalDigest: 'rehearsal',
}

describe('applyMigration', () => {
  test('apply_migration stops before it connects when the backup is older than the bundle allows', async () => {
    const context = contextWith({
      bundle: { spec: { backupMaxAgeMinutes: 60 } },
      backup: { dump: { takenAt: '2026-03-01T08:59:00.000Z' } },
    })
    const deps = {
      openDatabase: () => {
        throw new Error('apply_migration connected')
      },
    } as unknown as MigrateDeps
    await expect(applyMigration(deps).execute(context, given)).rejects.toMatchObject({
      message: 'the backup is 61 minutes old, the plan allows 60; nothing was applied',
      facts: { code: 'STOP_BACKUP_STALE' },
    })
    const compared = { ...given, backupComparedAt: '2026-03-01T09:58:00.000Z' }
    await expect(applyMigration(deps).execute(context, compared)).rejects.not.toMatchObject({
      facts: { code: 'STOP_BACKUP_STALE' },
    })
  })
})
