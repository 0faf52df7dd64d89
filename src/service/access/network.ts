import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import { addressesIn } from '../../config/address-range.ts'
import { CutterError } from '../../domain/errors.ts'

/** How the network reaches a service. It is read once, when the service starts. */
export interface Network {
  /** Key and certificate in PEM; null without TLS. */
  tls: { key: Buffer; cert: Buffer } | null
  /** How many proxies in front of the service add the address of their caller to `X-Forwarded-For`. */
  hops: number
  /** Whether an address is one of these proxies. The header of others counts not at all. */
  isProxy: (address: string) => boolean
  /** Names by which the service may be called besides its own, in small letters. */
  names: string[]
  /** The id of the group that reaches the unix socket; null for that of the service. */
  socketGroup: number | null
}

/**
 * Reads how the network reaches a service.
 * @throws CONFIG_INVALID when a file of `tls` can't be read or there is no group `socketGroup`, FILES_UNSAFE when everybody may read its key
 */
export async function readNetwork({ folder, config }: Pick<Home, 'folder' | 'config'>): Promise<Network> {
  const { tls, proxy, names, socketGroup: group } = await config()
  const isProxy = addressesIn(proxy.addresses)
  const given = {
    hops: proxy.hops,
    isProxy,
    names,
    socketGroup: group === undefined ? null : idOfGroup(group),
  }
  if (tls === undefined) return { tls: null, ...given }
  const key = resolve(folder, tls.key)
  const read = { key: readPart(key, 'key'), cert: readPart(resolve(folder, tls.cert), 'cert') }
  if ((statSync(key).mode & 0o007) !== 0)
    throw new CutterError('FILES_UNSAFE', `everybody may read ${key}, the key of tls; nothing was started`, {
      next: `chmod 640 ${key}, and make another key, because somebody may have read this one`,
      data: { file: key },
    })
  return { tls: read, ...given }
}

function readPart(file: string, part: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new CutterError(
      'CONFIG_INVALID',
      `tls.${part} of cutter.yaml can’t be read: ${(cause as NodeJS.ErrnoException).code}; nothing was started`,
      { next: `see whether ${file} is there, and whether the user of the service may read it`, cause },
    )
  }
}

function idOfGroup(group: string | number): number {
  if (typeof group === 'number') return group
  const lines = readFileSync('/etc/group', 'utf8').split('\n')
  const id = lines.map((line) => line.split(':')).find(([name]) => name === group)?.[2]
  if (id !== undefined) return Number(id)
  throw new CutterError(
    'CONFIG_INVALID',
    `socketGroup of cutter.yaml names no group of /etc/group: ${group}; nothing was started`,
    {
      next: `groupadd ${group}, or give the number of a group that is kept elsewhere: getent group ${group}`,
    },
  )
}
