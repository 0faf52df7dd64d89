import { z } from 'zod'
import type { Effect } from '../../../domain/effect.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import { beginsOutside, isOneTransaction } from '../../../migration/migration-bundle.ts'
import type { SquawkReport } from '../../../targets/system/squawk.ts'
import type { MigrateDeps } from '../deps.ts'
import { readMigrationBundle } from '../read-migration-bundle.ts'

/** Pins the migration bundle: every later phase uses these bytes, even if the folder changes. */
export function bundlePin(deps: MigrateDeps): Effect {
  return readEffect({
    name: 'bundle_pin',
    input: z.object({ bundle: z.string() }),
    output: z.looseObject({ bundleDigest: z.string(), lintDigest: z.string() }),
    async execute(context, { bundle: folder }) {
      const pinned = await readMigrationBundle(deps, folder)
      const { spec, statements } = pinned
      const squawk = await deps.runSquawk(
        { folder, file: spec.migration.file, inTransaction: isOneTransaction(pinned) },
        context.signal,
      )
      const bundle = jsonEvidence('bundle', pinned)
      const lint = jsonEvidence('lint', squawk)
      return {
        output: {
          bundleDigest: bundle.digest,
          lintDigest: lint.digest,
          ...(beginsOutside(pinned) ? { beginsOutside: true } : {}),
          report: {
            bundle: spec.name,
            migrationSha256: spec.migration.sha256,
            ...(spec.series === undefined ? {} : { series: spec.series }),
            statements: statements.length,
            squawk: summarizeSquawk(squawk),
          },
        },
        evidence: [bundle, lint],
      }
    },
  })
}

/** The number of findings, or why there are none. */
function summarizeSquawk(report: SquawkReport): number | 'failed' | 'not installed' {
  if ('findings' in report) return report.findings.length
  return report.installed ? 'failed' : 'not installed'
}
