import { lstatSync, realpathSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { findWritableByOthers } from '../approvals/file-permissions.ts'
import { CutterError } from '../domain/errors.ts'
import { shellQuote } from '../domain/shell-quote.ts'
import type { Config } from './config-schema.ts'

/**
 * With `approvals.strict: owner` an operator reaches Cutter as another user (SECURITY.md). A file that a command writes for the operator
 * belongs to that user then, so it may be only where no file decides or runs.
 */

/** What is known of where commands may write. */
export interface OutputRules {
  /** The home's folder. */
  home: string
  config: Pick<Config, 'approvals' | 'output'>
}

/**
 * Finds the path that a command writes for a path that the caller gave. Without `strict: owner` that is the same path.
 * @param path absolute
 * @returns with `strict: owner` the real path, so that no link is on it
 * @throws INPUT_REFUSED when it is outside of the output folder, or cutter.yaml names none
 * @throws CONFIG_INVALID when the output folder is not a folder, or holds what decides
 * @throws FILES_UNSAFE when other users may write a folder on the way
 */
export function findOutputPath({ home, config }: OutputRules, path: string): string {
  if (config.approvals.strict !== 'owner') return path
  const folder = findOutputFolder({ home, config })
  if (folder === null)
    throw outsideError(path, 'cutter.yaml names no output folder', 'name one in cutter.yaml: output: ./out')
  const real = realPathOf(path)
  if (real === null || !isWithin(folder, real))
    throw outsideError(path, `that is not below ${folder}, the output folder`, `name a path below ${folder}`)
  const uid = process.geteuid?.()
  const fault = uid === undefined ? null : findWritableByOthers(real, uid)
  if (fault !== null)
    throw new CutterError('FILES_UNSAFE', `${fault.message}; nothing was written`, { next: fault.next })
  return real
}

/**
 * Finds the output folder of a home with `strict: owner`: absolute and real. Null where nothing limits the commands, or no folder is named.
 * @throws CONFIG_INVALID when it is not a folder, or holds what decides
 */
export function findOutputFolder({ home, config }: OutputRules): string | null {
  if (config.approvals.strict !== 'owner' || config.output === undefined) return null
  const named = resolve(home, config.output)
  const folder = realPathOf(named)
  // A command that makes folders may make this one too.
  if (folder === null || lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() === false)
    throw invalidOutputError(`${named} is not a folder`, `mkdir ${shellQuote(named)}, or name another`)
  const [ownHome, store] = [realPathOf(home) ?? home, realPathOf(join(home, 'var')) ?? join(home, 'var')]
  if (isWithin(folder, ownHome) || isWithin(folder, store) || isWithin(store, folder))
    throw invalidOutputError(`${named} holds the home or var/, or lies in var/`, 'name another folder')
  return folder
}

/** Tells whether a real path is a folder or something below it. */
export function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/** The path without links, also of what does not exist yet. Null when it leads through a link to nowhere, a file, or a closed folder. */
function realPathOf(path: string): string | null {
  try {
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return realpathSync(path)
  } catch {
    return null
  }
  const parent = dirname(path) === path ? path : realPathOf(dirname(path))
  return parent === null ? null : join(parent, basename(path))
}

function outsideError(path: string, why: string, next: string): CutterError {
  return new CutterError(
    'INPUT_REFUSED',
    `approvals.strict is owner, and Cutter does not write ${path}: ${why}; nothing was written`,
    { next: `${next}; one file also goes to stdout: --out -` },
  )
}

function invalidOutputError(why: string, next: string): CutterError {
  return new CutterError(
    'CONFIG_INVALID',
    `output in cutter.yaml can’t be used: ${why}; nothing was changed`,
    {
      next,
    },
  )
}
