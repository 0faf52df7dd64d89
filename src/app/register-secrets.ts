import { type Config, findConfiguredSecrets } from '../config/load-config.ts'
import { namesSecret } from '../secrets/key-names.ts'
import { isStrongSecret, type SecretRegistry } from '../secrets/redaction.ts'

/** These variables name folders, although their names have the form of a password's. */
const WORKING_FOLDERS = ['PWD', 'OLDPWD']

/**
 * Registers secrets by the values that they have in the environment now: the variables that the config names, PGPASSWORD, which pg
 * reads by itself, and every variable with the name of a secret, because effects of users read theirs there. A weak value, such as
 * USE_TOKEN=true, is not registered.
 * @param config null where it can't be read, or there is none
 */
export function registerSecrets(
  secrets: SecretRegistry,
  config: Config | null,
  env: NodeJS.ProcessEnv,
): void {
  if (config !== null)
    for (const [variable, value] of findConfiguredSecrets(config, env)) secrets.add(variable, value)
  if (env.PGPASSWORD !== undefined) secrets.add('PGPASSWORD', env.PGPASSWORD)
  for (const [variable, value = ''] of Object.entries(env)) {
    const isNamed = namesSecret(variable, value) && !WORKING_FOLDERS.includes(variable)
    if (isNamed && isStrongSecret(value)) secrets.add(variable, value)
  }
}
