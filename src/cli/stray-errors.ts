import { CutterError } from '../domain/errors.ts'
import { findLoadingModule } from '../domain/module-files.ts'
import { messageOfThrown } from '../domain/thrown.ts'

/** Builds the error of what a module threw outside of its effects, as in a timer or a promise that nobody awaits. `place` is its line. */
export const strayModuleError = (thrown: unknown, place: string): CutterError =>
  new CutterError(
    'INTERNAL',
    `a machine's code failed where no effect waits for it: ${messageOfThrown(thrown)} (${place})`,
    {
      next: 'await each promise of an effect, and catch errors in its timers and listeners; then: cutter run list --status working, and cutter run resume <run>',
    },
  )

/** Builds the error of a process that ends before its command has answered. */
export function unansweredError(): CutterError {
  const module = findLoadingModule()
  const why =
    module === null
      ? 'nothing was left to wait for, or a package ended the process'
      : `${module} was being loaded, and awaits what never happens`
  return new CutterError('INTERNAL', `the process ended before the command had an answer: ${why}`, {
    next:
      module === null
        ? 'cutter run list --status working shows a run that was left at work; cutter run resume <run> continues it'
        : 'correct the module: what it awaits outside of its effects must end',
  })
}
