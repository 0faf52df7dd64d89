import { z } from 'zod'
import type { ReadEffect } from '../../../domain/effect.ts'
import { CutterError, Stop } from '../../../domain/errors.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import { shellQuote } from '../../../domain/shell-quote.ts'
import { lintMigrationBundle, type MigrationBundle } from '../../../migration/lint-migration-bundle.ts'
import type { MigrationBundleFault } from '../../../migration/migration-bundle.ts'
import type { MigrateDeps } from '../deps.ts'

const input = z.object({ bundle: z.string() })
const output = z.looseObject({ bundleDigest: z.string(), lintDigest: z.string() })

/** Pins the bundle: every later phase works on these bytes, whatever becomes of the folder. */
export function bundlePin(world: MigrateDeps): ReadEffect<z.infer<typeof input>, z.infer<typeof output>> {
  return {
    name: 'bundle_pin',
    kind: 'read',
    input,
    output,
    async execute(context, { bundle: folder }) {
      const pinned = await readMigrationBundle(world, folder)
      const { spec } = pinned
      const squawk = await world.squawk(
        folder,
        spec.migration.file,
        pinned.alone.length === 0,
        context.signal,
      )
      const [bundle, lint] = [jsonEvidence('bundle', pinned), jsonEvidence('lint', squawk)]
      return {
        output: {
          bundleDigest: bundle.digest,
          lintDigest: lint.digest,
          report: {
            bundle: spec.name,
            migrationSha256: spec.migration.sha256,
            statements: pinned.statements.length,
            squawk:
              'findings' in squawk ? squawk.findings.length : squawk.installed ? 'failed' : 'not installed',
          },
        },
        evidence: [bundle, lint],
      }
    },
  }
}

/** Reads and checks; stops on the first look at a bundle with faults. */
export async function readMigrationBundle(
  world: Pick<MigrateDeps, 'readBundle'>,
  folder: string,
): Promise<MigrationBundle> {
  const { faults, bundle } = await lintMigrationBundle(await world.readBundle(folder))
  if (bundle !== null) return bundle
  throw new Stop(
    'STOP_REFUSED_INPUT',
    `the bundle ${folder} has faults: ${describeBundleFaults(faults)}; nothing was touched`,
    {
      next: `mend it and look again with: cutter migrate lint ${shellQuote(folder)}`,
    },
  )
}

export function describeBundleFaults(faults: MigrationBundleFault[]): string {
  return faults
    .slice(0, 5)
    .map(({ file, line, message }) => `${file}${line === undefined ? '' : `:${line}`}: ${message}`)
    .join('; ')
}

/** The same refusal at the door, before there is a run. */
export function assertNoBundleFaults(folder: string, faults: MigrationBundleFault[]): void {
  if (faults.length === 0) return
  throw new CutterError(
    'INPUT_REFUSED',
    `the bundle ${folder} has faults: ${describeBundleFaults(faults)}; nothing was touched`,
    { next: `cutter migrate lint ${shellQuote(folder)}` },
  )
}
