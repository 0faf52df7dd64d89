import { z } from 'zod'
import type { ReadEffect } from '../../domain/effect.ts'
import { CutterError, Stop } from '../../domain/errors.ts'
import { jsonEvidence } from '../../domain/evidence.ts'
import { shellWord } from '../../domain/shell-word.ts'
import type { Fault } from '../../migration/bundle.ts'
import { lintBundle, type PinnedBundle } from '../../migration/lint.ts'
import type { MigrateWorld } from './world.ts'

const input = z.object({ bundle: z.string() })
const output = z.looseObject({ bundleDigest: z.string(), lintDigest: z.string() })

/** Pins the bundle: every later phase works on these bytes, whatever becomes of the folder. */
export function bundlePin(world: MigrateWorld): ReadEffect<z.infer<typeof input>, z.infer<typeof output>> {
  return {
    name: 'bundle_pin',
    kind: 'read',
    input,
    output,
    async execute(context, { bundle: folder }) {
      const pinned = await readBundle(world, folder)
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
export async function readBundle(
  world: Pick<MigrateWorld, 'readBundle'>,
  folder: string,
): Promise<PinnedBundle> {
  const { faults, bundle } = await lintBundle(await world.readBundle(folder))
  if (bundle !== null) return bundle
  throw new Stop(
    'STOP_REFUSED_INPUT',
    `the bundle ${folder} has faults: ${faultWords(faults)}; nothing was touched`,
    {
      next: `mend it and look again with: cutter migrate lint ${shellWord(folder)}`,
    },
  )
}

export function faultWords(faults: Fault[]): string {
  return faults
    .slice(0, 5)
    .map(({ file, line, message }) => `${file}${line === undefined ? '' : `:${line}`}: ${message}`)
    .join('; ')
}

/** The same refusal at the door, before there is a run. */
export function refuseFaults(folder: string, faults: Fault[]): void {
  if (faults.length === 0) return
  throw new CutterError(
    'INPUT_REFUSED',
    `the bundle ${folder} has faults: ${faultWords(faults)}; nothing was touched`,
    { next: `cutter migrate lint ${shellWord(folder)}` },
  )
}
