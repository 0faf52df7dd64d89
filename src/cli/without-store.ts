import { CutterError } from '../domain/errors.ts'
import { EXIT_OF_ERROR } from './exit-codes.ts'
import { answerError, type Io, processIo } from './io.ts'

/** Runs a command that must not open the store of its home, or has no home, from its options to its exit code. */
export async function withoutStore(
  { json = false }: { json?: boolean },
  task: (io: Io) => Promise<number>,
): Promise<number> {
  const io = processIo(json, process.env)
  try {
    return await task(io)
  } catch (error) {
    answerError(io, error, null)
    return EXIT_OF_ERROR[error instanceof CutterError ? error.code : 'INTERNAL']
  }
}
