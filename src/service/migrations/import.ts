import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import { compareNames } from '../../domain/compare-names.ts'
import { CutterError } from '../../domain/errors.ts'
import { quoteName } from '../../domain/quote-name.ts'
import { type EarlierImport, findImportedFile } from '../../migration/import-places.ts'
import { type ImportedSeries, importSeries, SERIES_FORMATS } from '../../migration/import-series.ts'
import { readSeriesFolder } from '../../targets/system/series-folder.ts'
import { makeOutputFolder, outputPath } from '../write-output.ts'

/** What `migrate import --json` prints. */
export interface ImportedMigrations {
  /** The tool whose folder it is. */
  format: string
  /** The folder with a folder for each migration, as an absolute path. */
  into: string
  /**
   * In the order of the other tool. `made` says whether the bundle is new; one that was there stays as it is. A new one that the other tool
   * orders in front of one that was there names that one as `before`.
   */
  migrations: {
    name: string
    version: string
    from: string
    made: boolean
    before: string | null
    faults: string[]
  }[]
  left: ImportedSeries['left']
}

/**
 * Makes a migration bundle of each migration in the folder of another tool. Bundles that an earlier import made stay as they are.
 * @throws INPUT_REFUSED when the folder is of none of the tools, or a bundle that was made holds another script now
 */
export async function importMigrations(
  home: Pick<Home, 'cwd' | 'folder' | 'config'>,
  given: { folder: string; into: string; format: string | undefined },
): Promise<ImportedMigrations> {
  const from = resolve(home.cwd, given.folder)
  const into = await outputPath(home, given.into)
  if (given.format !== undefined && !SERIES_FORMATS.includes(given.format)) throw unknownFormat(given.format)
  const series = await importSeries(await readSeriesFolder(from), given.format, bundlesOf(into))
  if (series === null) throw noSeries(from)
  for (const { name, made, files } of series.migrations) if (!made) assertSameScript(join(into, name), files)
  const migrations = series.migrations.map(({ files, ...facts }) => {
    if (facts.made) write(join(into, facts.name), files)
    return facts
  })
  return { format: series.format, into, migrations, left: series.left }
}

/** What is in the folder. A folder without bundle.yaml is what an import left that was interrupted: it is made again. */
function bundlesOf(into: string): { earlier: EarlierImport[]; names: string[] } {
  const all = existsSync(into) ? readdirSync(into).sort(compareNames) : []
  const names = all.filter((name) => existsSync(join(into, name, 'bundle.yaml')))
  const earlier = names.flatMap((name) => {
    const from = findImportedFile(readFileSync(join(into, name, 'bundle.yaml'), 'utf8'))
    return from === null ? [] : [{ name, from }]
  })
  return { earlier, names }
}

/** bundle.yaml is written last: a bundle without it is made again. */
function write(folder: string, files: { [file: string]: string }): void {
  makeOutputFolder(folder)
  const names = Object.keys(files).sort((a, b) => Number(a === 'bundle.yaml') - Number(b === 'bundle.yaml'))
  for (const name of names) writeFileSync(join(folder, name), files[name]!)
}

function assertSameScript(folder: string, files: { [file: string]: string }): void {
  const script = join(folder, 'migration.sql')
  if (existsSync(script) && readFileSync(script, 'utf8') === files['migration.sql']) return
  throw new CutterError(
    'INPUT_REFUSED',
    `${folder} was imported before with another script than it would have now; nothing was written`,
    { next: 'import into another folder, or remove this one and import again' },
  )
}

const unknownFormat = (format: string) =>
  new CutterError('INPUT_REFUSED', `${quoteName(format)} is no format; nothing was written`, {
    next: `choose one of: ${SERIES_FORMATS.join(', ')}`,
  })

const noSeries = (folder: string) =>
  new CutterError('INPUT_REFUSED', `${folder} has no migrations of a known tool; nothing was written`, {
    next: `give a folder of ${SERIES_FORMATS.join(', ')}; docs/migrate.md says how their files are named`,
  })
