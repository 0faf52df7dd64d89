import { assertNoSecretWords } from '../engine/check-secrets.ts'
import { kebabCase } from './kebab-case.ts'

/**
 * Refuses options of a command that hold a secret, because options are stored or printed.
 * @throws INPUT_REFUSED when an option's text has the form of a secret
 * @throws USAGE when `--by`, `--as` or `--reason` has more than one line
 */
export function assertNoSecretOptions(options: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (typeof value === 'string') assertNoSecretWords({}, { [`--${kebabCase(name)}`]: value })
  }
}
