/** Whether the field `host` of an input names several hosts, with commas between them. */
export const namesSeveral = (host: unknown): host is string => typeof host === 'string' && host.includes(',')

/** The names in a list with commas between them; of one host its name. */
export const splitHosts = (host: string): string[] => host.split(',').map((name) => name.trim())

/** A name of a host in a list such as `web1=shop1,web2=shop2`. `there`: its name in the home of a deploy; null where the part has no `=`. */
export interface RenamedHost {
  there: string | null
  here: string
}

/** The parts of such a list; of a plain name that name alone. */
export const splitRenamedHosts = (host: string): RenamedHost[] =>
  splitHosts(host).map((part) => {
    const at = part.indexOf('=')
    if (at === -1) return { there: null, here: part }
    return { there: part.slice(0, at).trim(), here: part.slice(at + 1).trim() }
  })
