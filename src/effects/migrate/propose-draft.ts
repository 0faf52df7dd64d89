import { z } from 'zod'
import { CutterError } from '../../domain/errors.ts'
import { sha256 } from '../../domain/json.ts'
import { shellQuote } from '../../domain/shell-quote.ts'
import { editYaml, readYaml } from '../../domain/yaml.ts'
import { lintMigrationBundle } from '../../migration/lint-migration-bundle.ts'
import type { MigrationBundle } from '../../migration/migration-bundle.ts'
import {
  BUNDLE_FILE,
  type MigrationBundleFiles,
  type MigrationBundleSpec,
  migrationBundleSchema,
} from '../../migration/migration-bundle-spec.ts'
import { standInFiles } from '../../migration/missing-files.ts'
import type { ProposedExpectations } from '../../migration/propose-expectations.ts'
import { faultsMessage } from './read-migration-bundle.ts'

/** A bundle without expectations, as a proposal rehearses it. */
export interface Draft {
  bundle: MigrationBundle
  /** What the author wrote of it. */
  authored: Pick<MigrationBundleSpec, 'sideEffects'> & { rows: MigrationBundleSpec['expect']['rows'] }
  files: MigrationBundleFiles
  /** The names of files that the author has not written. */
  missing: string[]
}

/** What a draft takes from bundle.yaml as the author left it, which may still have any faults. */
const started = z.looseObject({
  migration: z.looseObject({ file: z.string() }),
  preflight: z.string().catch(''),
  verify: z.string().catch(''),
  rollback: z.string().catch(''),
  expect: z
    .looseObject({
      distributions: z.array(z.looseObject({ name: z.string(), sql: z.string() })).catch([]),
      rows: migrationBundleSchema.shape.expect.shape.rows.catch({}),
    })
    .catch({ distributions: [], rows: {} }),
  sideEffects: migrationBundleSchema.shape.sideEffects.catch([]),
})

/**
 * Reads a folder as if its script were frozen as it is now, and nothing were expected of it. Files that bundle.yaml names and that are
 * missing have stand-ins.
 * @throws INPUT_REFUSED when the folder has faults other than those that a proposal fills in
 */
export async function readDraft(folder: string, given: MigrationBundleFiles): Promise<Draft> {
  const text = given[BUNDLE_FILE]!
  const read = readYaml(text)
  const found = started.safeParse('value' in read ? read.value : null).data
  const script = found === undefined ? undefined : given[found.migration.file]
  const standIns = found === undefined ? {} : standInFiles(found, given)
  const files = { ...given, ...standIns }
  const drafted =
    found === undefined || script === undefined
      ? text
      : editYaml(text, [
          { path: ['migration', 'sha256'], value: sha256(script) },
          {
            path: ['expect'],
            value: {
              schema: {},
              distributions: found.expect.distributions.map(({ name, sql }) => ({ name, sql, rows: [] })),
            },
          },
          { path: ['sideEffects'], value: [] },
        ])
  const { bundle, faults } = await lintMigrationBundle({ ...files, [BUNDLE_FILE]: drafted })
  if (bundle !== null) {
    const authored = { sideEffects: found!.sideEffects, rows: found!.expect.rows }
    return { bundle, authored, files, missing: Object.keys(standIns) }
  }
  throw new CutterError('INPUT_REFUSED', faultsMessage(folder, faults), {
    next: `fix the faults, then: cutter migrate propose ${shellQuote(folder)}`,
  })
}

/** The same draft with other texts of the files that its author has not written. */
export async function withMadeFiles(draft: Draft, made: MigrationBundleFiles): Promise<Draft> {
  const { spec, texts } = draft.bundle
  const { bundle, faults } = await lintMigrationBundle({ ...texts, ...made })
  if (bundle === null) throw new Error(`the files that were made have faults: ${faults[0]?.message}`)
  return { ...draft, bundle: { ...bundle, spec }, files: { ...draft.files, ...made } }
}

/** The text of bundle.yaml with the hash of the script and the expectations, and all else as the author wrote it. */
export function withExpectations(
  { files, bundle: { spec } }: Draft,
  { expect, sideEffects }: ProposedExpectations,
): string {
  const rows = Object.fromEntries(
    Object.entries(expect.rows).map(([table, { columns, ...counts }]) => [
      table,
      {
        ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0)),
        ...(columns.length === 0 ? {} : { columns }),
      },
    ]),
  )
  const { schema, sequences, distributions } = expect
  return editYaml(files[BUNDLE_FILE]!, [
    { path: ['migration', 'sha256'], value: spec.migration.sha256 },
    { path: ['expect', 'schema'], value: schema },
    { path: ['expect', 'rows'], value: rows },
    { path: ['expect', 'sequences'], value: sequences },
    { path: ['expect', 'distributions'], value: distributions },
    { path: ['sideEffects'], value: sideEffects },
  ])
}
