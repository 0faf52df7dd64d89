import { namesSecret } from './key-names.ts'
import { REDACTED, redactSecretForms } from './patterns.ts'

/**
 * The secrets that this process has met: URLs and passwords of the environment and of the embedded server, by value. Whatever is
 * printed, logged or saved goes through here; the exact values count more than what secrets look like, and both are taken out.
 *
 * A password that is a word or a short number also stands in texts that have nothing to do with it. Such a weak one is taken
 * out of words for people (errors, logs) where it stands alone, and left in facts, which later work depends on.
 */
export interface SecretRegistry {
  /** A secret under the name by which people know it, e.g. that of its environment variable. A URL brings its password along. */
  add(name: string, value: string): void
  /** Words for people without secrets. */
  redactText(text: string): string
  /** The same for each string of a value; what stands under a key that names a secret goes as a whole. */
  redactWords<T>(value: T): T
  /** Facts that a run goes on with: without strong secrets and without what looks like one. */
  redactFacts<T>(value: T): T
  /** The name of a strong secret that stands in the text or the bytes, or null. */
  findNameIn(content: string | Uint8Array): string | null
}

interface Known {
  name: string
  form: string
  strong: boolean
}

export function createSecretRegistry(): SecretRegistry {
  const known = new Map<string, Known>()
  let patterns: { all: RegExp; strong: RegExp } | null = null

  const compiled = () => (patterns ??= { all: patternOf([...known.values()]), strong: patternOf(strong()) })
  const strong = () => [...known.values()].filter((one) => one.strong)
  const text = (given: string) => redactSecretForms(given.replace(compiled().all, REDACTED))
  const fact = (given: string) => redactSecretForms(given.replace(compiled().strong, REDACTED))
  return {
    add(name, value) {
      if (value.trim() === '') return
      for (const one of knownFrom(name, value)) if (!known.has(one.form)) known.set(one.form, one)
      patterns = null
    },
    redactText: text,
    redactWords: (value) => mapped(value, text, new Set()),
    redactFacts: (value) => mapped(value, fact, new Set()),
    findNameIn(content) {
      const searched = typeof content === 'string' ? content : Buffer.from(content)
      return strong().find(({ form }) => searched.includes(form))?.name ?? null
    },
  }
}

const NOTHING = /(?!)/g

/** Longest first, so that a URL goes as a whole and not only its password. */
function patternOf(known: Known[]): RegExp {
  if (known.length === 0) return NOTHING
  const parts = [...known]
    .sort((a, b) => b.form.length - a.form.length)
    .map(({ form, strong }) => {
      const literal = form.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
      return strong ? literal : `(?<![A-Za-z0-9])${literal}(?![A-Za-z0-9])`
    })
  return new RegExp(parts.join('|'), 'g')
}

/** Nothing else says as little as a word, and digests are full of short hexadecimal numbers. */
export const isStrongSecret = (value: string) =>
  value.length >= 8 && !/^\p{L}+$/u.test(value) && (value.length >= 16 || !/^[0-9a-f]+$/i.test(value))

const SHORTEST = 4

function knownFrom(name: string, value: string): Known[] {
  const url = value.includes('://')
  const whole = url ? [value] : []
  const secrets = url ? passwordsOf(value) : [value, ...namedPasswordsOf(value)]
  const forms = [...whole, ...secrets].flatMap(formsOf).filter(({ length }) => length >= SHORTEST)
  return forms.map((form) => ({ name, form, strong: isStrongSecret(form) }))
}

/** As it stands, and as JSON, SQL and URLs write it. */
function formsOf(value: string): string[] {
  const json = JSON.stringify(value).slice(1, -1)
  const sql = [value.replaceAll("'", "''"), value.replace(/['\\]/g, '\\$&')]
  return [...new Set([value, json, ...sql, orSame(encodeURIComponent, value), orSame(encodeURI, value)])]
}

/** Half a surrogate pair can't be encoded, a bare % not decoded. */
function orSame(coding: (text: string) => string, text: string): string {
  try {
    return coding(text)
  } catch {
    return text
  }
}

/**
 * A URL's password, written and decoded. Read by hand, since a URL that is wrong is where it matters most: what stands between
 * the first colon and the last @ is the password, and it may also hold what a parser takes for host, path or fragment.
 */
function passwordsOf(url: string): string[] {
  const [, rest = ''] = /^[^:]*:\/\/(.*)$/s.exec(url) ?? []
  const authority = rest.split(/[/?#]/, 1)[0]!
  const written: string[] = []
  for (const part of [authority, rest]) {
    const [, password] = /^[^:@]*:(.*)@/s.exec(part) ?? []
    if (password !== undefined && password !== '') written.push(password)
  }
  const [, query = ''] = /\?([^#]*)/.exec(rest) ?? []
  for (const field of query.split('&')) {
    const at = field.indexOf('=')
    if (at > 0 && namesSecret(field.slice(0, at), '')) written.push(field.slice(at + 1))
  }
  // What a URL says in the open as well is no secret: `postgres://main:main@db/main`.
  const [, user = ''] = /^([^:@/]*)[:@]/.exec(rest) ?? []
  const open = new Set([user, ...rest.slice(rest.lastIndexOf('@') + 1).split(/[:/?#]/)])
  return written
    .flatMap((password) => [password, orSame(decodeURIComponent, password)])
    .filter((password) => !open.has(password))
}

/** `host=… password='…'`, as libpq writes it. */
function namedPasswordsOf(text: string): string[] {
  const found = text.matchAll(/(\w{2,40})\s{0,8}=\s{0,8}(?:'((?:[^'\\]|\\.)*)'|([^\s']+))/g)
  return [...found].flatMap(([, key, quoted, bare]) =>
    namesSecret(key!, '') ? [quoted?.replace(/\\(.)/g, '$1') ?? bare ?? ''] : [],
  )
}

function mapped<T>(value: T, clean: (text: string) => string, above: Set<unknown>): T {
  if (typeof value === 'string') return clean(value) as T
  if (value === null || typeof value !== 'object' || above.has(value)) return value
  const within = new Set(above).add(value)
  if (Array.isArray(value)) return value.map((item) => mapped(item, clean, within)) as T
  const fields = Object.entries(value).map(([key, item]) => [
    clean(key),
    namesSecret(key, item) && item !== null ? REDACTED : mapped(item, clean, within),
  ])
  return Object.fromEntries(fields) as T
}
