import { resolve } from 'node:path'
import { MACHINE_NAMES } from '../../builtin/registry.ts'
import { type Config, findHome, readConfig } from '../../config/load-config.ts'
import { CutterError } from '../../domain/errors.ts'
import { EXIT_OF_ERROR } from '../exit-codes.ts'
import { answerError, type Io, processIo } from '../io.ts'
import type { CommonOptions } from '../session.ts'

/** A document that cutter.yaml registers with this very file. */
export function registeredAt({ documents }: Config, home: string, path: string) {
  const found = Object.entries(documents).find(([, { source }]) => resolve(home, source) === path)
  return found === undefined ? undefined : { id: found[0], profile: found[1].profile }
}

export interface Looking {
  io: Io
  home: string
  config: Config
}

/** Like `command`, for what only looks at files: it opens no store, so that it leaves no trace in the folder. */
export async function looking(
  options: CommonOptions,
  task: (looking: Looking) => Promise<number>,
): Promise<number> {
  const io = processIo(options.json === true, process.env)
  try {
    const home = findHome(options.home, process.env, process.cwd())
    return await task({ io, home, config: await readConfig(home, MACHINE_NAMES) })
  } catch (error) {
    answerError(io, error, null)
    return error instanceof CutterError ? EXIT_OF_ERROR[error.code] : EXIT_OF_ERROR.INTERNAL
  }
}
