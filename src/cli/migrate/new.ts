import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { CutterError } from '../../domain/errors.ts'
import { lintMigrationBundle } from '../../migration/lint-migration-bundle.ts'
import { scaffoldMigrationBundle } from '../../migration/scaffold-migration-bundle.ts'
import { readMigrationFolder } from '../../targets/system/migration-folder.ts'
import { runSquawk, type SquawkReport } from '../../targets/system/squawk.ts'
import { answer } from '../io.ts'
import { type CommonOptions, command } from '../session.ts'

/** Makes a bundle in a folder that is new or empty. */
export function migrateNew(given: string, options: CommonOptions) {
  return command(options, async ({ io }) => {
    const folder = resolve(given)
    const name = basename(folder)
      .toLowerCase()
      .replace(/[^a-z0-9-]+/g, '-')
      .replace(/^-+|-+$/g, '')
    const files = scaffoldMigrationBundle(name === '' ? 'migration' : name.slice(0, 63))
    refuseFilled(folder)
    mkdirSync(folder, { recursive: true })
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text, { flag: 'wx' })
    answer(io, { bundle: folder, files: Object.keys(files) }, () => [
      `made ${folder}: ${Object.keys(files).join(', ')}`,
      `next: fill them in, then cutter migrate lint ${given}`,
    ])
    return 0
  })
}

function refuseFilled(folder: string): void {
  let found: string[] = []
  try {
    found = readdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      throw new CutterError('INPUT_REFUSED', `${folder} can’t be used: ${(error as Error).message}`)
  }
  if (found.length === 0) return
  throw new CutterError('INPUT_REFUSED', `${folder} is not empty; nothing was written`, {
    next: 'give a folder that is new or empty',
  })
}

/** Exit code 2 when the bundle has faults; findings of squawk are told, and decide nothing. */
export function migrateLint(given: string, options: CommonOptions) {
  return command(options, async ({ io }) => {
    const folder = resolve(given)
    const { faults, bundle } = await lintMigrationBundle(await readMigrationFolder(folder))
    const report =
      bundle === null
        ? null
        : await runSquawk(
            folder,
            bundle.spec.migration.file,
            bundle.alone.length === 0,
            new AbortController().signal,
          )
    const statements = bundle?.statements ?? []
    answer(io, { bundle: folder, ok: faults.length === 0, faults, statements, squawk: report }, () => [
      ...faults.map(
        ({ file, line, message }) => `${file}${line === undefined ? '' : `:${line}`}  ${message}`,
      ),
      ...(faults.length === 0
        ? [
            `${folder} has no faults: ${statements.length} ${statements.length === 1 ? 'statement' : 'statements'}`,
          ]
        : []),
      ...(report === null ? [] : squawkLines(report)),
    ])
    return faults.length === 0 ? 0 : 2
  })
}

function squawkLines(report: SquawkReport): string[] {
  if (!report.installed) return ['squawk is not installed, so it was not asked (npm: squawk-cli)']
  if ('failed' in report) return [`squawk could not be asked: ${report.failed}`]
  return [
    `squawk ${report.version}: ${report.findings.length} findings`,
    ...report.findings.map(
      ({ line, rule, level, message }) => `  line ${line}  ${level}  ${rule}: ${message}`,
    ),
  ]
}
