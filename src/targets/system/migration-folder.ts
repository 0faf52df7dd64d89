import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CutterError } from '../../domain/errors.ts'

/** The files of a bundle's folder by name, as text. Throws INPUT_REFUSED for what is no folder of readable UTF-8 files. */
export async function readMigrationFolder(folder: string): Promise<{ [name: string]: string }> {
  const files: { [name: string]: string } = {}
  for (const name of await entries(folder)) {
    const path = join(folder, name)
    // A link that leads nowhere is missed only where bundle.yaml names it.
    const found = await stat(path).catch(() => null)
    if (found?.isFile() !== true) continue
    files[name] = await readText(path)
  }
  if (files['bundle.yaml'] !== undefined) return files
  throw new CutterError('INPUT_REFUSED', `${folder} holds no bundle.yaml; nothing was touched`, {
    next: 'make a bundle with: cutter migrate new <folder>',
  })
}

const WHY: { [code: string]: string } = {
  ENOENT: 'there is no such folder',
  ENOTDIR: 'it is no folder',
  EACCES: 'it can’t be read with the rights of this process',
}

const NAMES = /\.(sql|ya?ml)$/

async function entries(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => NAMES.test(name)).sort()
  } catch (error) {
    const why = WHY[(error as NodeJS.ErrnoException).code ?? ''] ?? (error as Error).message
    throw new CutterError(
      'INPUT_REFUSED',
      `the bundle ${folder} can’t be used: ${why}; nothing was touched`,
      {
        next: 'give the folder that holds bundle.yaml',
        cause: error,
      },
    )
  }
}

async function readText(path: string): Promise<string> {
  try {
    // The mark is kept: a server would stumble over it, so lint must see it.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readFile(path))
  } catch (error) {
    throw new CutterError('INPUT_REFUSED', `${path} can’t be read as UTF-8: ${(error as Error).message}`, {
      cause: error,
    })
  }
}
