import type { Effect } from '../domain/effect.ts'
import * as define from '../machine/define-effect.ts'

/**
 * `readEffect` and `writeEffect` as users' modules get them: each effect knows the file and line of its definition, so that a message about it
 * can name them.
 */

/** Defines an effect that only reads. The engine may run it again after a crash. */
export const readEffect: typeof define.readEffect = (options) =>
  located(define.readEffect(options), readEffect)

/** Defines an effect that changes the world: how to do it, how to show it in a dry run, and how to tell whether it was done. */
export const writeEffect: typeof define.writeEffect = (options) =>
  located(define.writeEffect(options), writeEffect)

function located<One extends Pick<Effect, 'source'>>(effect: One, called: (options: never) => unknown): One {
  const holder: { stack?: string } = {}
  // The first frame that is left is the caller of `called`.
  Error.captureStackTrace(holder, called)
  const [, file, line] = /\n\s+at .*?\(?(?:file:\/\/)?([^\s()]+):(\d+):\d+\)?/.exec(holder.stack ?? '') ?? []
  return file === undefined ? effect : { ...effect, source: { place: `${file}:${line}`, files: [file] } }
}
