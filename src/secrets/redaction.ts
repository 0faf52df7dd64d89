import { namesSecret } from './key-names.ts'
import { REDACTED, redactSecretForms } from './patterns.ts'

/**
 * Secrets are refused when they come in and redacted before anything is saved, because a history cannot be edited. Evidence with a secret
 * is refused and never rewritten, because its digest names it.
 *
 * The secrets that this process knows by value: URLs and passwords of the environment and of the embedded server. Everything that is
 * printed, logged or saved is redacted here, by these values and by the patterns of secrets. Values are more reliable than patterns.
 *
 * A password that is a word or a short number also occurs in unrelated texts. Such a weak secret is redacted in texts for people (errors,
 * logs) where it is a word of its own. It stays in facts, because later work depends on them: a password `draft` must not change a
 * status.
 */
export interface SecretRegistry {
  /** Adds a secret under a name for people, e.g. that of its environment variable. A URL adds its password too. */
  add(name: string, value: string): void
  /** A text for people without secrets. */
  redactText(text: string): string
  /** The same for each string of a value. The complete value of a key that names a secret is redacted. */
  redactWords<T>(value: T): T
  /** Facts that a run continues with: without strong secrets and without matches of the patterns. */
  redactFacts<T>(value: T): T
  /** The name of a strong secret that occurs in the text or the bytes, or null. */
  findNameIn(content: string | Uint8Array): string | null
}

interface SecretForm {
  name: string
  form: string
  strong: boolean
}

/** Creates a registry that knows no secret yet. It redacts the patterns of secrets from the beginning, and each value from its `add` on. */
export function createSecretRegistry(): SecretRegistry {
  const known = new Map<string, SecretForm>()
  let patterns: { all: RegExp; strong: RegExp } | null = null

  const compiled = () =>
    (patterns ??= { all: compilePattern([...known.values()]), strong: compilePattern(strong()) })
  const strong = () => [...known.values()].filter((one) => one.strong)
  const text = (given: string) => redactSecretForms(given.replace(compiled().all, REDACTED))
  const fact = (given: string) => redactSecretForms(given.replace(compiled().strong, REDACTED))
  return {
    add(name, value) {
      if (value.trim() === '') return
      for (const one of secretForms(name, value)) if (!known.has(one.form)) known.set(one.form, one)
      patterns = null
    },
    redactText: text,
    redactWords: (value) => mapStrings(value, text, new Set()),
    redactFacts: (value) => mapStrings(value, fact, new Set()),
    findNameIn(content) {
      const searched = typeof content === 'string' ? content : Buffer.from(content)
      return strong().find(({ form }) => searched.includes(form))?.name ?? null
    },
  }
}

const NOTHING = /(?!)/g

/** Longest first, so that a complete URL is redacted and not only its password. */
function compilePattern(known: SecretForm[]): RegExp {
  if (known.length === 0) return NOTHING
  const parts = [...known]
    .sort((a, b) => b.form.length - a.form.length)
    .map(({ form, strong }) => {
      const literal = form.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
      return strong ? literal : `(?<![A-Za-z0-9])${literal}(?![A-Za-z0-9])`
    })
  return new RegExp(parts.join('|'), 'g')
}

/** Words occur in any text, and digests contain many short hexadecimal numbers. Neither is a strong secret. */
export const isStrongSecret = (value: string) =>
  value.length >= 8 && !/^\p{L}+$/u.test(value) && (value.length >= 16 || !/^[0-9a-f]+$/i.test(value))

const SHORTEST = 4

function secretForms(name: string, value: string): SecretForm[] {
  const url = value.includes('://')
  const complete = url ? [value] : []
  const secrets = url ? urlPasswords(value) : [value, ...namedPasswords(value)]
  const forms = [...complete, ...secrets].flatMap(writtenForms).filter(({ length }) => length >= SHORTEST)
  return forms.map((form) => ({ name, form, strong: isStrongSecret(form) }))
}

/** The value itself, and as JSON, SQL and URLs write it. */
function writtenForms(value: string): string[] {
  const json = JSON.stringify(value).slice(1, -1)
  const sql = [value.replaceAll("'", "''"), value.replace(/['\\]/g, '\\$&')]
  return [
    ...new Set([value, json, ...sql, codedOrSame(encodeURIComponent, value), codedOrSame(encodeURI, value)]),
  ]
}

/** The coded text. Half a surrogate pair cannot be encoded and a single % cannot be decoded: then the text itself. */
function codedOrSame(coding: (text: string) => string, text: string): string {
  try {
    return coding(text)
  } catch {
    return text
  }
}

/**
 * The password of a URL, as written and decoded. No parser reads it, because a wrong URL must be redacted too: the password is the text
 * between the first colon and the last @, and it may hold what a parser takes for host, path or fragment.
 */
function urlPasswords(url: string): string[] {
  const [, rest = ''] = /^[^:]*:\/\/(.*)$/s.exec(url) ?? []
  const authority = rest.split(/[/?#]/, 1)[0]!
  const written: string[] = []
  for (const part of [authority, rest]) {
    const [, password] = /^[^:]*:(.*)@/s.exec(part) ?? []
    // A parser takes a part before a character that should have been encoded for the host, the port or the database, and names it.
    if (password !== undefined && password !== '') written.push(password, ...password.split(/[@/?#:]/))
  }
  const [, query = ''] = /\?([^#]*)/.exec(rest) ?? []
  for (const field of query.split('&')) {
    const at = field.indexOf('=')
    if (at > 0 && namesSecret(field.slice(0, at), '')) written.push(field.slice(at + 1))
  }
  // A password that the URL also contains in another part is not a secret: `postgres://main:main@db/main`.
  const [, user = ''] = /^([^:@/]*)[:@]/.exec(rest) ?? []
  const open = new Set([user, ...rest.slice(rest.lastIndexOf('@') + 1).split(/[:/?#]/)])
  return written
    .flatMap((password) => [password, codedOrSame(decodeURIComponent, password)])
    .filter((password) => !open.has(password))
}

/** `host=… password='…'`, as libpq writes it. */
function namedPasswords(text: string): string[] {
  const found = text.matchAll(/(\w{2,40})\s{0,8}=\s{0,8}(?:'((?:[^'\\]|\\.)*)'|([^\s']+))/g)
  return [...found].flatMap(([, key, quoted, bare]) =>
    namesSecret(key!, '') ? [quoted?.replace(/\\(.)/g, '$1') ?? bare ?? ''] : [],
  )
}

function mapStrings<T>(value: T, clean: (text: string) => string, above: Set<unknown>): T {
  if (typeof value === 'string') return clean(value) as T
  if (value === null || typeof value !== 'object' || above.has(value)) return value
  const within = new Set(above).add(value)
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, clean, within)) as T
  const fields = Object.entries(value).map(([key, item]) => [
    clean(key),
    namesSecret(key, item) && item !== null ? REDACTED : mapStrings(item, clean, within),
  ])
  return Object.fromEntries(fields) as T
}
