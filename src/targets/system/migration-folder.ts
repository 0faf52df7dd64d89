import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CutterError } from '../../domain/errors.ts'

/**
 * Reads the SQL and YAML files of a migration bundle, by name.
 * @param begin makes the text of a missing bundle.yaml for a folder with migration.sql
 * @throws INPUT_REFUSED when the folder has no bundle.yaml, or a file is not readable UTF-8
 */
export async function readMigrationFolder(
  folder: string,
  begin?: () => string,
): Promise<{ [name: string]: string }> {
  const files: { [name: string]: string } = {}
  for (const name of await entries(folder)) {
    const path = join(folder, name)
    // Lint reports a dangling link if bundle.yaml names it.
    const found = await stat(path).catch(() => null)
    if (found?.isFile() !== true) continue
    files[name] = await readText(path)
  }
  if (begin !== undefined && files['migration.sql'] !== undefined) files['bundle.yaml'] ??= begin()
  if (files['bundle.yaml'] !== undefined) return files
  throw new CutterError('INPUT_REFUSED', `${folder} holds no bundle.yaml; nothing was changed`, {
    next: 'create a migration bundle with: cutter migrate new <folder>',
  })
}

const WHY: { [code: string]: string } = {
  ENOENT: 'the folder does not exist',
  ENOTDIR: 'it is not a folder',
  EACCES: 'this process has no permission to read it',
}

const NAMES = /\.(sql|ya?ml)$/

async function entries(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => NAMES.test(name)).sort()
  } catch (error) {
    const why = WHY[(error as NodeJS.ErrnoException).code ?? ''] ?? (error as Error).message
    throw new CutterError(
      'INPUT_REFUSED',
      `the migration bundle ${folder} can’t be used: ${why}; nothing was changed`,
      {
        next: 'give the folder that holds bundle.yaml',
        cause: error,
      },
    )
  }
}

async function readText(path: string): Promise<string> {
  try {
    // The byte order mark is kept, because the server rejects it and lint must report it.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readFile(path))
  } catch (error) {
    throw new CutterError(
      'INPUT_REFUSED',
      `${path} can’t be read as UTF-8: ${(error as Error).message}; nothing was changed`,
      {
        next: 'save the file as UTF-8',
        cause: error,
      },
    )
  }
}
