import { CommanderError } from 'commander'
import { redactSecretForms } from '../service/redact.ts'
import { EXIT_OF_ERROR } from './exit-codes.ts'
import { outJson } from './io.ts'
import { currentPlace } from './place.ts'
import { buildProgram } from './program.ts'

/** argv → options → command → exit code. `argv` is without the program itself. */
export async function runProgram(argv: string[]): Promise<void> {
  try {
    await buildProgram().parseAsync(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    reportUsage(error, argv.includes('--json'))
  }
}

/** commander has printed the message. It gives usage errors the exit code 1. */
function reportUsage({ exitCode, message }: CommanderError, json: boolean): void {
  currentPlace().exit(exitCode === 0 ? 0 : EXIT_OF_ERROR.USAGE)
  if (exitCode === 0 || !json) return
  const error = { code: 'USAGE', message: redactSecretForms(message.replace(/^error: /, '')) }
  outJson({ error })
}
