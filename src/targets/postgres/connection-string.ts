import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'

/**
 * Connection strings, as libpq reads them: URLs with one or more hosts, keywords and values, and the folder of a socket. Source:
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
 */

/** What a connection string says. */
export interface ConnectionSettings {
  /** At least one. A host that begins with `/` is the folder of a socket. */
  hosts: { host: string; port: number }[]
  user: string
  password: string | undefined
  database: string
  /** Everything else, by the names of libpq: `sslmode`, `options`. */
  parameters: { [name: string]: string }
}

/** A connection string that can't be used. The message continues a sentence, and shows no part of the string but names of parameters. */
export class ConnectionStringError extends Error {
  readonly next: string
  constructor(message: string, next: string = WRITE_IT) {
    super(message)
    this.name = 'ConnectionStringError'
    this.next = next
  }
}

const WRITE_IT =
  "write it as postgresql://role:password@host:port/database, with special characters percent-encoded, or as keywords: host=… port=… dbname=… user=… password='…'"

/** Parameters that Cutter or its tools obey. */
const KNOWN = new Set([
  ...['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'sslsni', 'ssl_min_protocol_version'],
  ...['ssl_max_protocol_version', 'sslnegotiation', 'channel_binding', 'options', 'target_session_attrs'],
  ...['connect_timeout', 'application_name', 'fallback_application_name', 'client_encoding', 'gssencmode'],
  ...['keepalives', 'keepalives_idle', 'keepalives_interval', 'keepalives_count', 'tcp_user_timeout'],
  // The driver's own; libpq has none of them.
  ...['ssl', 'uselibpqcompat'],
])

/** Parameters of libpq that name something which Cutter does not read, and what to write in their place. */
const REFUSED: { [name: string]: string } = {
  service: 'write host, port, database and role of the service into the connection string',
  passfile: 'write the password into the connection string',
  hostaddr: 'write the address as the host',
  sslpassword: 'use a key without a passphrase, readable by the user of Cutter alone',
  sslcrl: 'leave it out, and use sslmode=verify-full with a certificate authority of your own in sslrootcert',
  sslcrldir:
    'leave it out, and use sslmode=verify-full with a certificate authority of your own in sslrootcert',
  requirepeer: 'leave it out',
  require_auth: 'leave it out',
  load_balance_hosts: 'leave it out: the hosts are tried in their order',
  krbsrvname: 'use a password, a certificate or a local login',
  gsslib: 'use a password, a certificate or a local login',
}

const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']
const SESSION_ATTRIBUTES = ['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby']
/** What may be written for a parameter, where libpq has a list. */
const VALUES: { [name: string]: string[] } = {
  sslmode: SSL_MODES,
  target_session_attrs: SESSION_ATTRIBUTES,
  channel_binding: ['disable', 'prefer', 'require'],
  gssencmode: ['disable', 'prefer', 'require'],
}

/**
 * Reads a connection string.
 * @throws ConnectionStringError when it can't be read, or names what Cutter can't do
 */
export function readConnectionString(text: string): ConnectionSettings {
  const given = /^postgres(?:ql)?:\/\//i.test(text)
    ? readUrl(text)
    : text.startsWith('/') || text.startsWith('socket:')
      ? readSocket(text)
      : readKeywords(text)
  return complete(given)
}

type Given = { [name: string]: string }

/** userinfo, hosts, path and query. The driver's URL parser refuses several hosts, so the parts are found here. */
const URL_PARTS = /^[^:]+:\/\/(?:([^/?#]*)@)?([^/?#@]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/s

function readUrl(text: string): Given {
  const parts = URL_PARTS.exec(text)
  // Otherwise a part of the password would be used as the host name, and appear in messages.
  if (parts === null || /^[^:]*:\/\/[^/?#]*[/?#][^?]*@/s.test(text.replace(/\?.*$/s, '')))
    throw new ConnectionStringError('has an @, a / or another special character that is not encoded')
  const [, login, hosts = '', path = '', query = ''] = parts
  const given: Given = {}
  if (login !== undefined) {
    const colon = login.indexOf(':')
    given.user = decoded(colon === -1 ? login : login.slice(0, colon))
    if (colon !== -1) given.password = decoded(login.slice(colon + 1))
  }
  const places = hosts.split(',').map(readPlace)
  if (hosts !== '') {
    given.host = places.map(({ host }) => host).join(',')
    given.port = places.map(({ port }) => port).join(',')
  }
  if (path !== '') given.dbname = decoded(path)
  for (const pair of query === '' ? [] : query.split('&')) {
    const [name = '', ...value] = pair.split('=')
    if (/@/.test(pair) && value.length === 0)
      throw new ConnectionStringError('has an @ or another special character that is not encoded')
    given[decoded(name)] = decoded(value.join('='))
  }
  return given
}

/** `host`, `host:port`, `[::1]:port`, or a folder with its slashes encoded. */
function readPlace(text: string): { host: string; port: string } {
  const found = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d*))?$/.exec(text)
  if (found === null) throw new ConnectionStringError('has a host or port that can’t be read')
  return { host: decoded(found[1]!.replace(/^\[(.*)\]$/, '$1')), port: found[2] ?? '' }
}

/** The driver accepts a % that is not part of an encoded character, and so do these strings. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text.replace(/(?:%[0-9a-f]{2})+/gi, (encoded) => {
      try {
        return decodeURIComponent(encoded)
      } catch {
        return encoded
      }
    })
  }
}

/** The driver's forms `/folder database` and `socket:/folder?db=database`. */
function readSocket(text: string): Given {
  if (text.startsWith('/')) {
    const [host = '', dbname] = text.split(' ')
    return dbname === undefined ? { host } : { host, dbname }
  }
  const [, login, folder = '', query = ''] =
    /^socket:(?:\/\/([^/?@]*)@)?(\/[^?]*)(?:\?(.*))?$/s.exec(text) ?? []
  if (folder === '') throw new ConnectionStringError('can’t be read as the folder of a socket')
  const given = Object.fromEntries(new URLSearchParams(query))
  const { db, encoding: _, ...others } = given
  const [user, password] = (login ?? '').split(':').map(decoded)
  return {
    ...others,
    host: decoded(folder),
    ...(db === undefined ? {} : { dbname: db }),
    ...(user ? { user } : {}),
    ...(password === undefined ? {} : { password }),
  }
}

/** `keyword = value`, where a value with blanks or quotes is in single quotes, and `\` is before a quote or backslash. */
const KEYWORD = /\s*([A-Za-z_]\w*)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?=\s|$)/sy

function readKeywords(text: string): Given {
  const given: Given = {}
  KEYWORD.lastIndex = 0
  const end = text.trimEnd().length
  while (KEYWORD.lastIndex < end) {
    const found = KEYWORD.exec(text)
    if (found === null)
      throw new ConnectionStringError('does not hold a postgresql:// URL, nor keywords with values')
    given[found[1]!] = (found[2] ?? found[3] ?? '').replace(/\\(.)/gs, '$1')
  }
  if (Object.keys(given).length === 0) throw new ConnectionStringError('does not hold a postgresql:// URL')
  return given
}

function complete(given: Given): ConnectionSettings {
  const { host = '', port = '', user, password, dbname, ...parameters } = given
  for (const [name, value] of Object.entries(parameters)) assertParameter(name, value)
  const hosts = host.split(',')
  const ports = port.split(',')
  if (ports.length > 1 && ports.length !== hosts.length)
    throw new ConnectionStringError(
      'has not as many ports as hosts',
      'write one port for all hosts, or one for each',
    )
  const login = user === undefined || user === '' ? userInfo().username : user
  return {
    hosts: hosts.map((one, at) => {
      const number = portOf(ports.length === 1 ? port : ports[at]!)
      return { host: one === '' ? defaultHost(number) : one, port: number }
    }),
    user: login,
    password: password === '' ? undefined : password,
    database: dbname === undefined || dbname === '' ? login : dbname,
    parameters,
  }
}

/** The folders in which servers have their sockets, by the defaults of Debian and of PostgreSQL. */
const SOCKET_FOLDERS = ['/var/run/postgresql', '/run/postgresql', '/tmp']

/** Without a host, libpq connects to the local socket. The driver would use TCP, so the choice is made once for both. */
const defaultHost = (port: number) =>
  SOCKET_FOLDERS.find((folder) => existsSync(`${folder}/.s.PGSQL.${port}`)) ?? 'localhost'

function portOf(text: string): number {
  const port = text === '' ? 5_432 : Number(text)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new ConnectionStringError('has a port that is no number from 1 to 65535')
}

function assertParameter(name: string, value: string): void {
  const instead = REFUSED[name]
  if (instead !== undefined)
    throw new ConnectionStringError(`has the parameter ${name}, which Cutter does not read`, instead)
  if (!KNOWN.has(name))
    throw new ConnectionStringError(
      'has a parameter that libpq does not know',
      `use only parameters of libpq, such as ${['sslmode', 'options', 'target_session_attrs'].join(', ')}`,
    )
  const allowed = VALUES[name]
  const isOwn = name === 'sslmode' && value === 'no-verify'
  if (allowed !== undefined && !allowed.includes(value) && !isOwn)
    throw new ConnectionStringError(
      `has a ${name} that libpq does not know`,
      `write one of these for ${name}: ${allowed.join(', ')}`,
    )
  if (name === 'gssencmode' && value === 'require')
    throw new ConnectionStringError(
      'has gssencmode=require, and Cutter encrypts with TLS alone',
      'write sslmode=require or sslmode=verify-full in its place',
    )
}

/** Writes settings as one URL that `readConnectionString` reads as the same. */
export function writeConnectionString(settings: ConnectionSettings): string {
  const { hosts, user, password, database, parameters } = settings
  const login = `${encodeURIComponent(user)}${password === undefined ? '' : `:${encodeURIComponent(password)}`}`
  const named = {
    host: hosts.map(({ host }) => host).join(','),
    port: hosts.map(({ port }) => port).join(','),
    ...parameters,
  }
  const query = Object.entries(named).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  return `postgresql://${login}@/${encodeURIComponent(database)}?${query.join('&')}`
}

/** Writes settings for libpq as keywords, without the password, which would be seen among the arguments of a program. */
export function writeKeywords(settings: ConnectionSettings): string {
  const { hosts, user, database, parameters } = settings
  const { ssl: _, uselibpqcompat: __, ...known } = parameters
  const named = {
    host: hosts.map(({ host }) => host).join(','),
    port: hosts.map(({ port }) => port).join(','),
    user,
    dbname: database,
    ...known,
    ...(known.sslmode === 'no-verify' ? { sslmode: 'require' } : {}),
  }
  return Object.entries(named)
    .map(([name, value]) => `${name}='${value.replace(/[\\']/g, '\\$&')}'`)
    .join(' ')
}
