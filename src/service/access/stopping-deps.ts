import { type Home, openLog } from '../../app/open-home.ts'
import { osUser } from '../../app/os-user.ts'
import { type Clock, systemClock } from '../../domain/clock.ts'
import { CutterError } from '../../domain/errors.ts'
import type { EngineDeps } from '../../engine/engine-deps.ts'
import { createSecretRegistry } from '../../secrets/redaction.ts'

/** What it takes to record that somebody stops something. */
export type StoppingDeps = Pick<
  EngineDeps,
  'secrets' | 'osUser' | 'tokenName' | 'operators' | 'uid' | 'log'
> & {
  clock: Clock
}

/**
 * What use cases need that stop something: a hold, live writes, a token. They work also where cutter.yaml can't be used, because nobody may
 * have to correct a file first. The values of secrets that the file names are not known then; their forms are.
 */
export async function stoppingDeps(home: Home): Promise<StoppingDeps> {
  try {
    return (await home.app()).deps
  } catch (error) {
    if (!(error instanceof CutterError) || error.code !== 'CONFIG_INVALID') throw error
    const { caller, env } = home
    const secrets = createSecretRegistry()
    const log = await openLog(env, secrets)
    return {
      log,
      secrets,
      osUser: osUser(),
      clock: systemClock,
      ...(caller === null ? {} : { tokenName: caller.name }),
    }
  }
}
