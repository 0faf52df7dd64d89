import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import { BY_ITSELF } from '../../client/command-words.ts'
import { CutterError } from '../../domain/errors.ts'

/** Commands that only the home's owner may have the service perform, with the reason. */
export const OWNER_ONLY: { [command: string]: string } = {
  'batch start': 'it reads a folder of the computer of the service',
  'store prune': 'it removes runs and leaves their bundles on the computer of the service',
}

/**
 * Checks that the service performs a command for its caller.
 * @param command its name, such as `run show`
 * @param named the folder that `--home` names, and the working folder of the client
 * @throws INPUT_REFUSED, ACCESS_REFUSED, USAGE when the service has another home
 */
export function assertServed(
  { caller, folder }: Pick<Home, 'caller' | 'folder'>,
  command: string,
  { named, cwd }: { named: string | undefined; cwd: string },
): void {
  const why = Object.hasOwn(BY_ITSELF, command) ? BY_ITSELF[command] : undefined
  if (why !== undefined)
    throw new CutterError(
      'INPUT_REFUSED',
      `the service does not perform ${command}: ${why}; nothing was changed`,
      {
        next: `run it without CUTTER_URL: env -u CUTTER_URL cutter ${command} …`,
      },
    )
  const forOwner = Object.hasOwn(OWNER_ONLY, command) ? OWNER_ONLY[command] : undefined
  if (forOwner !== undefined && caller !== null)
    throw new CutterError(
      'ACCESS_REFUSED',
      `token ${caller.name} may not have the service perform ${command}: ${forOwner}; nothing was changed`,
      { next: `have the owner of the home run: cutter ${command} …` },
    )
  if (named !== undefined && realPath(resolve(cwd, named)) !== realPath(folder))
    throw new CutterError(
      'USAGE',
      `--home names another folder than the one that this service serves; nothing was done`,
      { next: 'leave --home out, or unset CUTTER_URL to work in that folder' },
    )
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
