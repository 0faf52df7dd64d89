import { CommanderError } from 'commander'
import { redactSecretForms } from '../service/redact.ts'
import { EXIT_OF_ERROR } from './exit-codes.ts'
import { outJson } from './io.ts'
import { buildProgram } from './program.ts'

/** How long what is left of a command may keep its process, in milliseconds. */
const LEFT_BEHIND_MS = 2_000

/** argv → options → command → exit code. */
async function main(argv: string[]): Promise<void> {
  try {
    await buildProgram().parseAsync(argv)
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    reportUsage(error, argv.includes('--json'))
  }
  // An effect that ignored its signal may still hold the process. What the command had to do is done.
  setTimeout(() => process.exit(), LEFT_BEHIND_MS).unref()
}

/** commander has printed the message. It gives usage errors the exit code 1. */
function reportUsage({ exitCode, message }: CommanderError, json: boolean): void {
  process.exitCode = exitCode === 0 ? 0 : EXIT_OF_ERROR.USAGE
  if (exitCode === 0 || !json) return
  const error = { code: 'USAGE', message: redactSecretForms(message.replace(/^error: /, '')) }
  outJson({ error })
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader of a pipe, such as head or less, has ended.
  if (error.code === 'EPIPE') process.exit(0)
})

void main(process.argv)
