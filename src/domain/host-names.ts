/** Whether the field `host` of an input names several hosts, with commas between them. */
export const namesSeveral = (host: unknown): host is string => typeof host === 'string' && host.includes(',')

/** The names in a list with commas between them; of one host its name. */
export const splitHosts = (host: string): string[] => host.split(',').map((name) => name.trim())
