import { readConnectionString, writeConnectionString } from './connection-string.ts'

/**
 * The parameter `options` of a connection string: arguments of the server for one session, most of them settings (`-c search_path=app`).
 * Source: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-OPTIONS
 */
interface SessionOptions {
  /** The settings, in their order. */
  settings: Setting[]
  /** All other words, such as the `endpoint=…` of a provider. */
  others: string[]
}

interface Setting {
  /** In lower case. */
  name: string
  /** The words that set it. */
  text: string
}

/** Divides `options` into words as the server does: at blanks, where `\` makes the next character a part of its word. */
function readSessionOptions(options: string): SessionOptions {
  const found: SessionOptions = { settings: [], others: [] }
  let isNext = false
  for (const [word] of options.matchAll(/(?:\\.|[^\s\\])+/gs)) {
    const isAfter = isNext
    const setting = isAfter ? word : /^(?:-c|--)(?=.)(.*)$/s.exec(word)?.[1]
    isNext = !isNext && word === '-c'
    if (setting !== undefined)
      found.settings.push({ name: nameOf(setting), text: isAfter ? `-c ${word}` : word })
    else if (!isNext) found.others.push(word)
  }
  return found
}

/** The server reads a dash in a name as an underscore. */
const nameOf = (setting: string) => unescaped(setting).split('=', 1)[0]!.replaceAll('-', '_').toLowerCase()

const unescaped = (word: string) => word.replace(/\\(.)/gs, '$1')

/** The `options` of sessions of a connection string: its own, or those of PGOPTIONS where it has none. */
const optionsOf = (url: string) => readConnectionString(url).parameters.options ?? process.env.PGOPTIONS ?? ''

/** The names of the settings that sessions of a connection string get from it or from PGOPTIONS, in their order and in lower case. */
export const settingsOfSessions = (url: string): string[] =>
  readSessionOptions(optionsOf(url)).settings.map(({ name }) => name)

/** A blank counts as given, so that the driver does not take PGOPTIONS. */
const NONE = ' '

/**
 * The parameters of a connection string without the settings of its `options`, nor those of PGOPTIONS: for the sessions of a rehearsal database, which
 * has the settings of its source.
 */
export function withoutSettings(parameters: { [name: string]: string }): { [name: string]: string } {
  const { others } = readSessionOptions(parameters.options ?? '')
  return { ...parameters, options: others.length === 0 ? NONE : others.join(' ') }
}

/** A connection string whose sessions get no settings of PGOPTIONS, which are those of the target. */
export function withoutEnvironment(url: string): string {
  const settings = readConnectionString(url)
  return writeConnectionString({ ...settings, parameters: { options: NONE, ...settings.parameters } })
}

/** A connection string that names the `options` of its sessions, also where they come from PGOPTIONS: for a tool, which gets no variables. */
export function withEnvironment(url: string): string {
  const options = optionsOf(url)
  return options === '' ? url : withOptions(url, options)
}

/**
 * A connection string whose sessions have the settings of another's, in the place of its own. Other words of its `options` remain; where it has none,
 * those of the other come with the settings.
 */
export function withSettingsOf(other: string, url: string): string {
  const own = readConnectionString(url).parameters.options
  if (own === undefined) return withOptions(url, optionsOf(other) || NONE)
  const words = [
    ...readSessionOptions(own).others,
    ...readSessionOptions(optionsOf(other)).settings.map(({ text }) => text),
  ]
  return withOptions(url, words.join(' ') || NONE)
}

function withOptions(url: string, options: string): string {
  const settings = readConnectionString(url)
  return writeConnectionString({ ...settings, parameters: { ...settings.parameters, options } })
}
