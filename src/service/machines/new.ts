import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import { findNameFault } from '../../custom/validate-module.ts'
import { CutterError } from '../../domain/errors.ts'
import { assertEmptyFolder, makeOutputFolder, outputPath } from '../write-output.ts'
import { scaffoldMachine } from './scaffold-machine.ts'
import { findTypesFolders } from './types-folders.ts'

/** What `machine new --json` prints. */
export interface CreatedMachine {
  machine: string
  /** The folder, as an absolute path. */
  folder: string
  files: string[]
}

/**
 * Makes the files of a new machine in a folder of its name: a module, how to try it, a test, and a tsconfig with which an editor finds the
 * types of this Cutter.
 * @throws INPUT_REFUSED when the name is not one of a machine, or the folder is not empty or can't be used
 */
export async function createMachine(
  home: Pick<Home, 'cwd' | 'folder' | 'config'>,
  { name: given }: { name: string },
): Promise<CreatedMachine> {
  const folder = await outputPath(home, given)
  const machine = basename(folder)
  const fault = findNameFault(machine)
  if (fault !== null)
    throw new CutterError('INPUT_REFUSED', `can't make a machine: ${fault}; nothing was written`, {
      next: 'cutter machine new rotate-keys',
    })
  assertEmptyFolder(folder)
  const files = scaffoldMachine(machine, findTypesFolders())
  makeOutputFolder(folder)
  // Others must not be able to write a module, or no command loads it.
  for (const [file, text] of Object.entries(files))
    writeFileSync(join(folder, file), text, { flag: 'wx', mode: 0o644 })
  return { machine, folder, files: Object.keys(files) }
}
